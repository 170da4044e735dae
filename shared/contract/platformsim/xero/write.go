package xero

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const nobody = "00000000-0000-0000-0000-000000000000"

// writeAllLocked performs a PUT, which creates, or a POST, which creates or updates. With summarizeErrors=false each
// record answers for itself; else one bad record fails all of them.
func (s *Simulator) writeAllLocked(tenant string, k kind, rest []string, r *http.Request, body []byte) reply {
	in, ok := parseObject(body)
	if !ok {
		return exception(14, "PostDataInvalidException", "Invalid Json data")
	}
	list, several := in[k.list()].([]any)
	if !several {
		list = []any{in}
	}
	if len(list) == 0 {
		return exception(12, "PostDataInvalidException", "No %s to write", k.list())
	}
	together := !strings.EqualFold(r.URL.Query().Get("summarizeErrors"), "false")
	before := slices.Clone(s.collected)
	s.undo = nil
	answers, bad := []any{}, []any{}
	for _, item := range list {
		one, _ := item.(map[string]any)
		if len(rest) == 1 && one != nil {
			one[k.key()] = rest[0]
		}
		answer, failed := s.writeOneLocked(tenant, k, r.Method, one, viewOf(r, true))
		answers = append(answers, answer)
		if failed {
			bad = append(bad, answer)
		}
	}
	if together && len(bad) > 0 {
		slices.Reverse(s.undo)
		for _, undo := range s.undo {
			undo()
		}
		s.collected, s.sold = before, nil
		refusal := exception(10, "ValidationException", "A validation exception occurred")
		refusal.body.(map[string]any)["Elements"] = bad
		return refusal
	}
	return s.envelopeLocked(map[string]any{k.list(): answers})
}

// writeOneLocked writes one record and gives what is answered of it.
func (s *Simulator) writeOneLocked(tenant string, k kind, method string, in map[string]any, v view) (answer map[string]any, failed bool) {
	d, f := s.saveLocked(tenant, k, method, in)
	if f == nil {
		answer = s.renderLocked(d, v)
		answer["StatusAttributeString"] = "OK"
		return answer, false
	}
	answer = platformsim.Clone(in)
	if get(answer, k.key()) == "" {
		answer[k.key()] = nobody
	}
	answer["StatusAttributeString"], answer["ValidationErrors"] = "ERROR", f.errors()
	answer[map[kind]string{contact: "HasValidationErrors", invoice: "HasErrors"}[k]] = true
	return answer, true
}

// saveLocked finds the record that is meant and saves it: a PUT means a new one.
func (s *Simulator) saveLocked(tenant string, k kind, method string, in map[string]any) (*document, *failure) {
	if s.ChanceLocked(s.FaultsLocked().ItemError) {
		return nil, &failure{}
	}
	if in == nil {
		return nil, failed("", "The record is not an object")
	}
	id := get(in, k.key())
	var d *document
	if id != "" {
		if d = s.findLocked(tenant, k, id); d == nil {
			return nil, failed(k.key(), "The %s with the specified ID could not be found", strings.ToLower(string(k)))
		}
	}
	if method == http.MethodPut && d != nil {
		return nil, failed(k.key(), "A new %s cannot be given an ID", strings.ToLower(string(k)))
	}
	if method == http.MethodPost && d == nil {
		d = s.meantLocked(tenant, k, in)
	}
	if d == nil {
		return s.createLocked(tenant, k, in, true)
	}
	return d, s.updateLocked(d, in)
}

// meantLocked finds the record that a POST without an id means: a contact by its number or its name, an invoice by its
// number.
func (s *Simulator) meantLocked(tenant string, k kind, in map[string]any) *document {
	for _, name := range map[kind][]string{contact: {"ContactNumber", "Name"}, invoice: {"InvoiceNumber"}}[k] {
		value := strings.TrimSpace(get(in, name))
		if value == "" {
			continue
		}
		for _, d := range s.ofLocked(tenant, k) {
			if strings.EqualFold(get(d.Body, name), value) && (!d.archived() || name == "ContactNumber") {
				return d
			}
		}
	}
	return nil
}

// createLocked makes a record. A refusal changes nothing.
func (s *Simulator) createLocked(tenant string, k kind, in map[string]any, ours bool) (*document, *failure) {
	d := &document{Kind: k, Tenant: tenant, Ours: ours, Body: map[string]any{}}
	body, f := s.settledLocked(d, in)
	if f != nil {
		return nil, f
	}
	d.ID, d.Body, d.Updated = s.guidLocked(), body, s.stampLocked()
	s.state.Records = append(s.state.Records, d)
	s.byID[d.ID] = d
	s.undo = append(s.undo, func() {
		s.state.Records = slices.DeleteFunc(s.state.Records, func(o *document) bool { return o == d })
		delete(s.byID, d.ID)
	})
	s.savedLocked(d, "CREATE")
	return d, nil
}

func (s *Simulator) updateLocked(d *document, in map[string]any) *failure {
	body, f := s.settledLocked(d, in)
	if f != nil {
		return f
	}
	before := *d
	s.undo = append(s.undo, func() { *d = before })
	d.Body = body
	if !quiet(d, in) {
		d.Updated = s.stampLocked()
	}
	s.savedLocked(d, "UPDATE")
	return nil
}

// quiet says that a change moves no stamp: of the due date or of having been sent, on an invoice paid in part
// (developer.xero.com, requests and responses).
func quiet(d *document, in map[string]any) bool {
	if d.Kind != invoice || d.Paid == "" {
		return false
	}
	for key := range in {
		switch key {
		case "InvoiceID", "DueDate", "SentToContact":
		default:
			return false
		}
	}
	return true
}

func (s *Simulator) settledLocked(d *document, in map[string]any) (map[string]any, *failure) {
	if d.Kind == contact {
		return s.contactLocked(d, in)
	}
	return s.invoiceLocked(d, in)
}

// stampLocked is the platform's clock as it stamps records: milliseconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Millisecond) }

// savedLocked tells the world.
func (s *Simulator) savedLocked(d *document, change string) {
	if d.Kind == invoice {
		s.sold = nil
	}
	s.noteLocked(event{Kind: d.Kind, ID: d.ID, Tenant: d.Tenant, Change: change})
	s.TouchLocked()
}
