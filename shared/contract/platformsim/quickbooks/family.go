package quickbooks

import (
	"encoding/json"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// levelsMax is how many levels of sub-customers a customer may have below it (developer.intuit.com, Customer: "up to four
// levels of nesting can be defined under a top-level parent"; read 2026-12-01).
const levelsMax = 4

// Nest makes a customer below another as a person would: a sub-customer, or a project, which the API shows and never makes
// (IsProject is read-only).
func (s *Simulator) Nest(parent record.ExternalID, name string, project bool) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	body := map[string]any{"DisplayName": name, "Job": true, "ParentRef": map[string]any{"value": string(parent)}}
	d, f := s.createLocked(customer, body)
	if f != nil {
		return "", f
	}
	d.Body["IsProject"] = project
	return record.ExternalID(d.ID), nil
}

// settleFamilyLocked places a customer below its parent. A sub-customer, a project included, has Job: true and a ParentRef;
// a customer of the top level has neither (developer.intuit.com, Customer; read 2026-12-01). That one without the other is
// refused is unverified.
func (s *Simulator) settleFamilyLocked(d *document, body map[string]any, name string) *failure {
	job, id := body["Job"] == true, refOf(body, "ParentRef")
	body["Job"] = job
	if _, told := body["IsProject"].(bool); !told {
		body["IsProject"] = false
	}
	body["FullyQualifiedName"] = name
	delete(body, "Level")
	switch {
	case job && id == "":
		return failed(codeRequired, "Required parameter ParentRef is missing in the request", "ParentRef")
	case !job && id != "":
		return failed(codeBusinessRule, "A customer with a parent is a job", "Job")
	case !job:
		return nil
	}
	parent := s.findLocked(customer, id)
	if parent == nil || parent.Deleted {
		return failed(codeBadReference, "Invalid Reference Id : Names element id not found", "ParentRef")
	}
	level := 1
	for above := parent; ; level++ {
		if level > levelsMax || above.ID == d.ID {
			return failed(codeBusinessRule, "Too many levels of sub-customers, or a customer below itself", "ParentRef")
		}
		if above = s.findLocked(customer, refOf(above.Body, "ParentRef")); above == nil {
			break
		}
	}
	body["Level"] = json.Number(strconv.Itoa(level))
	body["ParentRef"] = map[string]any{"value": id, "name": get(parent.Body, "DisplayName")}
	body["FullyQualifiedName"] = get(parent.Body, "FullyQualifiedName") + ":" + name
	return nil
}
