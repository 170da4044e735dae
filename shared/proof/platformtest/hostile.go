package platformtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// hugeBytes is more than any connector reads of one answer.
const hugeBytes = 17 << 20

// nested is how deep an answer is that no decoder should follow: encoding/json ends at 10,000.
const nested = 100_000

func hostileRules() []Rule {
	return []Rule{
		{Name: "an answer that is none is a failure, never an absence", Check: hostile(strangers(), true),
			Why: "a log-in page read as an empty list would delete every customer"},
		{Name: "an answer over 16 MB is a failure",
			Check: hostile([]alteration{{name: "17 MB of blanks behind the answer", alter: func(a Answer) Answer {
				a.Body = append(bytes.Clone(a.Body), bytes.Repeat([]byte{' '}, hugeBytes)...)
				return a
			}}}, true),
			Why: "memory is what one bad answer must not take from the others"},
		{Name: "values of a wrong type lose nothing and claim nothing", Check: hostile(wrongTypes(), false),
			Why: "a record that does not parse must show as a failure, not be passed over in silence"},
		{Name: "an item that is missing or doubled is never another's", Check: hostile(wrongCounts(), false),
			Why: "results told apart by their number would be given to the wrong records"},
		{Name: "a wrong content type changes nothing", Check: hostile([]alteration{
			{name: "text/html", alter: func(a Answer) Answer { a.Header = http.Header{"Content-Type": {"text/html"}}; return a }},
			{name: "no headers", alter: func(a Answer) Answer { a.Header = http.Header{}; return a }}}, false),
			Why: "a gateway that mislabels an answer is no reason to lose it"},
	}
}

// alteration changes an answer of the platform's.
type alteration struct {
	name  string
	alter func(Answer) Answer
	// refusal says that the answer speaks of a request that was not carried out: it is tried on reads alone.
	refusal bool
}

func body(name, text string) alteration {
	return alteration{name: name, alter: func(Answer) Answer {
		return Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(text)}
	}}
}

// strangers are answers that no vendor's documentation knows.
func strangers() []alteration {
	return []alteration{
		{name: "a page with status 200", alter: func(Answer) Answer {
			return Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}},
				Body: []byte("<!doctype html><html><body>Please log in</body></html>")}
		}},
		{name: "a page with status 404", alter: func(Answer) Answer {
			return Answer{Status: 404, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>not found</html>")}
		}, refusal: true},
		{name: "cut in half", alter: func(a Answer) Answer { a.Body = a.Body[:len(a.Body)/2]; return a }},
		{name: "cut before its end", alter: func(a Answer) Answer {
			a.Body = bytes.TrimSpace(a.Body)
			a.Body = a.Body[:max(len(a.Body)-1, 0)]
			return a
		}},
		body("nothing", ""), body("null", "null"), body("an empty object", "{}"), body("a text", `"ok"`), body("a number", "7"),
		body("lists within lists", strings.Repeat("[", nested)+strings.Repeat("]", nested)),
		body("objects within objects", strings.Repeat(`{"data":`, nested)+"1"+strings.Repeat("}", nested)),
		body("two answers", `{} {}`), body("no text", "\xff\xfe\x00\x01"),
	}
}

// remake decodes an answer, changes it by node and writes it again; what is no JSON stays.
func remake(change func(any) any) func(Answer) Answer {
	return func(a Answer) Answer {
		d := json.NewDecoder(bytes.NewReader(a.Body))
		d.UseNumber()
		var tree any
		if d.Decode(&tree) != nil {
			return a
		}
		raw, err := json.Marshal(visit(tree, change))
		if err != nil {
			return a
		}
		return Answer{Status: a.Status, Header: a.Header, Body: raw}
	}
}

// visit changes the nodes of a tree, the innermost first.
func visit(node any, change func(any) any) any {
	switch v := node.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = visit(value, change)
		}
	case []any:
		for i, value := range v {
			v[i] = visit(value, change)
		}
	}
	return change(node)
}

func wrongTypes() []alteration {
	texts := func(to any) func(any) any {
		return func(node any) any {
			if _, ok := node.(string); ok {
				return to
			}
			return node
		}
	}
	return []alteration{
		{name: "texts as objects", alter: remake(texts(map[string]any{"x": 1}))},
		{name: "texts as lists", alter: remake(texts([]any{1}))},
		{name: "texts as true", alter: remake(texts(true))},
		{name: "texts as null", alter: remake(texts(nil))},
		{name: "numbers and booleans as texts", alter: remake(func(node any) any {
			switch node.(type) {
			case json.Number, bool:
				return "no number"
			}
			return node
		})},
		{name: "lists as objects", alter: remake(func(node any) any {
			if _, ok := node.([]any); ok {
				return map[string]any{}
			}
			return node
		})},
		{name: "the last of each list as null", alter: remake(func(node any) any {
			if list, ok := node.([]any); ok && len(list) > 0 {
				list[len(list)-1] = nil
			}
			return node
		})},
		{name: "the last of each list as a number", alter: remake(func(node any) any {
			if list, ok := node.([]any); ok && len(list) > 0 {
				list[len(list)-1] = 7
			}
			return node
		})},
		{name: "the last of each list empty", alter: remake(func(node any) any {
			if list, ok := node.([]any); ok && len(list) > 0 {
				if _, object := list[len(list)-1].(map[string]any); object {
					list[len(list)-1] = map[string]any{}
				}
			}
			return node
		})},
	}
}

func wrongCounts() []alteration {
	lists := func(change func([]any) []any) func(Answer) Answer {
		return remake(func(node any) any {
			if list, ok := node.([]any); ok && len(list) > 0 {
				return change(list)
			}
			return node
		})
	}
	return []alteration{
		{name: "the last of each list missing", alter: lists(func(l []any) []any { return l[:len(l)-1] })},
		{name: "the first of each list missing", alter: lists(func(l []any) []any { return l[1:] })},
		{name: "every list empty", alter: lists(func([]any) []any { return []any{} })},
		{name: "every list twice over", alter: lists(func(l []any) []any { return append(slices.Clone(l), l...) })},
		{name: "every list backwards", alter: lists(func(l []any) []any { l = slices.Clone(l); slices.Reverse(l); return l })},
	}
}

// hostile answers every call in altered form. seen says that no alteration can be taken for an answer: then every read
// fails. Otherwise a read fails or says nothing untrue, and a write is answered as done only if it is.
func hostile(alterations []alteration, seen bool) Check {
	return func(s *Stand) error {
		for _, a := range alterations {
			fresh, err := newStand(s.Bench, s.Object)
			if err != nil {
				return err
			}
			if err := fresh.hostileReads(a, seen); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if err := fresh.hostileWrites(a); err != nil && !a.refusal {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if err := fresh.broken(); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
		return nil
	}
}

// set alters answers that have a body.
func (a alteration) set(w *wire) {
	w.alter(func(_ Sent, answer Answer) (Answer, error) {
		if len(answer.Body) == 0 {
			return answer, nil
		}
		return a.alter(answer), nil
	})
}

// counts says that an alteration takes items away or adds some: that cannot be seen of a page.
func (a alteration) counts() bool {
	return slices.ContainsFunc(wrongCounts(), func(b alteration) bool { return a.name == b.name })
}

func (s *Stand) hostileReads(a alteration, seen bool) error {
	ids, err := s.made(3)
	if err != nil {
		return err
	}
	a.set(s.wire)
	defer s.wire.calm()
	pages := map[string]func(platform.Query) (platform.Page, error){"list": s.list}
	if s.Ability.Polls {
		pages["changes"] = s.changes
	}
	for what, ask := range pages {
		page, err := ask(s.query(10))
		if err := judged(what, err, seen); err != nil {
			return err
		}
		if err == nil && !a.counts() && !page.More && len(page.Snapshots) < len(ids) {
			return fmt.Errorf("%s: %d of %d records, and no failure", what, len(page.Snapshots), len(ids))
		}
		if len(page.Absences) > 0 {
			return fmt.Errorf("%s: %d live records are told as gone", what, len(page.Absences))
		}
	}
	for _, asked := range [][]record.ExternalID{ids[:1], ids} {
		reads, err := s.Fetch(s.ctx(), s.Object.Name, s.all(), asked)
		if seen && err == nil {
			for _, r := range reads {
				err = errors.Join(err, r.Err)
			}
		}
		if err := judged(fmt.Sprintf("fetch of %d", len(asked)), err, seen); err != nil {
			return err
		}
		for _, r := range reads {
			if r.Absence != nil && (!a.counts() || r.Absence.Evidence != record.EvidenceNotFound) {
				return fmt.Errorf("fetch of %d: a live record is absent, %s", len(asked), r.Absence.Evidence)
			}
		}
	}
	if len(s.Ability.Find) > 0 {
		_, err := s.Find(s.ctx(), s.Object.Name, s.all(), []platform.Lookup{{Field: s.Ability.Find[0], Value: "zq"}})
		return judged("find", err, seen && err == nil)
	}
	return nil
}

// judged says that a failure is of another kind than one to come back from, or that there is none where there must be.
func judged(what string, err error, must bool) error {
	switch {
	case err == nil && must:
		return fmt.Errorf("%s: no failure", what)
	case err == nil:
		return nil
	}
	for _, k := range []fault.Kind{fault.Transient, fault.RateLimited, fault.Rejected} {
		if fault.Is(err, k) {
			return nil
		}
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return nil // of items, which the watch has seen
	}
	return fmt.Errorf("%s: %w, want a failure to come back from", what, err)
}

// hostileWrites makes and updates records. What is answered as done is done, and what was done is not told as undone.
func (s *Stand) hostileWrites(a alteration) error {
	ids, err := s.made(2)
	if err != nil {
		return err
	}
	var intents []record.Intent
	for i, id := range ids {
		intent, err := s.update(id, record.Fields{s.Object.Text: s.edited(190 + i)})
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	for i := range 2 {
		intent, err := s.create(195 + i)
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	had := s.Sim.IDs(s.Object.Name)
	a.set(s.wire)
	receipts, err := s.Apply(s.ctx(), intents)
	s.wire.calm()
	for i, intent := range intents {
		failed := outcome(receipts, err, i)
		holder := s.holder(intent, had)
		switch {
		case failed == nil && (holder == "" || receipts[i].ID != holder):
			return fmt.Errorf("a %s is answered as done by %s, and %q holds it", intent.Operation, receipts[i].ID, holder)
		case failed != nil && holder != "" && !fault.Is(failed, fault.InDoubt):
			return fmt.Errorf("a %s was done and is answered as not done: %w", intent.Operation, failed)
		case failed != nil:
			if a.counts() && fault.Is(failed, fault.Gone) {
				continue // what a list leaves out is not there, as far as anybody can tell
			}
			if err := wantKind("a "+string(intent.Operation), failed, fault.InDoubt, fault.Transient, fault.RateLimited,
				fault.Rejected); err != nil {
				return err
			}
		}
	}
	return nil
}

// holder gives the record that holds what an intent asked for, "" if none does; a create's among those not had before.
func (s *Stand) holder(intent record.Intent, had []record.ExternalID) record.ExternalID {
	for _, id := range s.Sim.IDs(s.Object.Name) {
		if intent.Operation == record.OperationUpdate && id != intent.Ref.ID || intent.Operation == record.OperationCreate &&
			slices.Contains(had, id) {
			continue
		}
		truth, err := s.truth(id)
		if err == nil && s.compare(record.Fields{s.Object.Text: intent.Fields[s.Object.Text]}, truth) == nil {
			return id
		}
	}
	return ""
}
