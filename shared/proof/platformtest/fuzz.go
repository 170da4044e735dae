package platformtest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// FuzzWebhooks fuzzes a connector's verifier and parser: whatever comes unsigned is refused, and whatever is accepted gives
// whole hints. The corpus begins with genuine webhooks and with the vendor's samples.
func FuzzWebhooks(f *testing.F, b *Bench) {
	s, err := newStand(b, &b.Objects[0])
	if err != nil {
		f.Fatal(err)
	}
	genuine, _, err := s.deliveries()
	if err != nil {
		f.Fatal(err)
	}
	for _, d := range genuine {
		f.Add(d.Body, true, "", int64(0))
	}
	for _, sample := range samples(b, "webhook") {
		f.Add(sample, true, "", int64(1))
		f.Add(sample, false, "c2lnbmF0dXJl", int64(1))
	}
	for _, text := range []string{"", "null", "[]", "{}", "7", `[{}]`, `[null]`, `{"meta":{}}`, `{"events":[{}]}`,
		`{"data":{"webHookEvent":{}}}`, strings.Repeat("[", 20_000)} {
		f.Add([]byte(text), true, "", int64(-1))
	}
	now := s.Clock.Now()
	f.Fuzz(func(t *testing.T, body []byte, sign bool, header string, later int64) {
		d := copied(genuine[0])
		d.Body = body
		if sign {
			b.Resign(s.secret(), &d, now)
		} else {
			for name := range d.Header {
				d.Header.Set(name, header)
			}
		}
		at := now.Add(time.Duration(later%int64(1000*time.Hour/time.Second)) * time.Second)
		hints, err := b.Receive(s.secret(), platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body, Now: at})
		if !sign && err == nil {
			t.Errorf("accepted with headers of %q", header)
		}
		if err != nil && (hints != nil || !fault.Is(err, fault.Unauthorized) && !fault.Is(err, fault.Rejected)) {
			t.Errorf("%d hints beside %v", len(hints), err)
		}
		for _, h := range hints {
			if h.ID == "" || h.Object == "" || h.Kind == "" || h.Kind == record.KindMerged && (h.Into == "" || h.Into == h.ID) {
				t.Errorf("an incomplete hint: %+v", h)
			}
		}
	})
}

// still is a token that nothing refreshes.
type still struct{}

func (still) Token(context.Context) (string, error) { return "zq-fuzz-token", nil }
func (still) Refused(context.Context, string) error { return nil }

// FuzzAnswers fuzzes what a connector reads of answers, the errors of single items above all: it never panics, keeps the
// contract, and tells no record that was not answered. The corpus begins with what the simulator answers to batches, good,
// bad and failing, and with the vendor's samples.
func FuzzAnswers(f *testing.F, b *Bench) {
	for i := range b.Objects {
		for _, a := range b.answers(f, &b.Objects[i]) {
			f.Add(uint16(a.Status), a.Body, uint8(i))
		}
	}
	for _, sample := range samples(b, "") {
		for _, status := range []uint16{200, 207, 400} {
			f.Add(status, sample, uint8(0))
		}
	}
	stands := make([]*Stand, len(b.Objects))
	for i := range b.Objects {
		s, err := newStand(b, &b.Objects[i])
		if err != nil {
			f.Fatal(err)
		}
		s.raw = b.Connect(platform.Settings{Connection: here, Account: s.Sim.Access().Account, BaseURL: b.BaseURL, Tokens: still{},
			HTTP: s.client,
			Now:  s.Clock.Now, Options: b.Options})
		s.next = s.raw
		stands[i] = s
	}
	f.Fuzz(func(t *testing.T, status uint16, body []byte, which uint8) {
		s := stands[int(which)%len(stands)]
		s.found = nil
		answer := Answer{Status: 200 + int(status)%400, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
		s.wire.answerInstead(func(Sent) (*Answer, error) { return &answer, nil })
		s.readAll([]record.ExternalID{fuzzID(s), "2"})
		intents := []record.Intent{
			{Key: "c", Operation: record.OperationCreate, Ref: s.ref(""), Marker: s.Ability.Marker, Fields: record.Fields{s.Object.Text: "zq fuzz"}},
			{Key: "u", Operation: record.OperationUpdate, Ref: s.ref(fuzzID(s)), Fields: record.Fields{s.Object.Text: "zq fuzz"}},
			{Key: "a", Operation: record.OperationArchive, Ref: s.ref("2")},
		}
		if s.Ability.Marker != "" {
			intents[0].Fields[s.Ability.Marker] = "zq-entity"
		}
		_, _ = s.Apply(s.ctx(), intents)
		for _, found := range s.found {
			if !strings.Contains(found, "unclassified error") || answer.Status < 300 { // a status that no vendor sends may be met by nobody
				t.Error(found)
			}
		}
		s.wire.forget()
	})
}

// fuzzID is an id of the object's form.
func fuzzID(s *Stand) record.ExternalID {
	if ids := s.Sim.IDs(s.Object.Name); len(ids) > 0 {
		return ids[0]
	}
	ids, err := s.made(1)
	if err != nil {
		return "1"
	}
	return ids[0]
}

// answers are what the simulator answers to reads and to batches: good, with refused items, with failing ones.
func (b *Bench) answers(f *testing.F, o *Object) []Answer {
	s, err := newStand(b, o)
	if err != nil {
		f.Fatal(err)
	}
	ids, err := s.made(2)
	if err != nil {
		f.Fatal(err)
	}
	var out []Answer
	s.wire.alter(func(_ Sent, a Answer) (Answer, error) { out = append(out, a); return a, nil })
	for _, faults := range []platformsim.Faults{{}, {ItemError: 1}, {RateLimit: 1}, {ServerError: 1}} {
		s.Sim.SetFaults(faults)
		s.readAll(ids)
		refused := record.Intent{Key: "r", Operation: record.OperationUpdate, Ref: s.ref(ids[0]),
			Fields: record.Fields{s.Object.Refused.Field: s.Object.Refused.Value}}
		create, err := s.create(1)
		if err != nil {
			f.Fatal(err)
		}
		fine := record.Intent{Key: "f", Operation: record.OperationUpdate, Ref: s.ref(ids[1]), Fields: record.Fields{s.Object.Text: s.edited(1)}}
		_, _ = s.Apply(s.ctx(), []record.Intent{refused, fine, create})
	}
	return out
}

// samples are the vendor's sample files whose name holds a word; none where ../shared is not here.
func samples(b *Bench, word string) [][]byte {
	dir, err := spectest.Dir(b.Catalog.Name)
	if err != nil {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(dir, "samples", "*.json"))
	var out [][]byte
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && strings.Contains(filepath.Base(file), word) {
			out = append(out, raw)
		}
	}
	return out
}
