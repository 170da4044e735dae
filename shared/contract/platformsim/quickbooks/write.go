package quickbooks

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const batchItemsMax = 30

// managed are the keys that a client does not set.
var managed = []string{"Id", "SyncToken", "sparse", "domain", "status", "MetaData", "Balance", "TotalAmt", "FullyQualifiedName",
	"PrintOnCheckName", "LinkedTxn", "IsProject", "Level"}

// writeLocked performs create, update, delete or void. A refusal changes nothing.
func (s *Simulator) writeLocked(k entityKind, operation string, in map[string]any) (*document, *failure) {
	if operation == "create" {
		return s.createLocked(k, in)
	}
	id, _ := in["Id"].(string)
	d, f := s.liveLocked(k, id)
	if f != nil {
		return nil, f
	}
	if token, _ := in["SyncToken"].(string); token != strconv.Itoa(d.Token) {
		return nil, failed(codeStale, "Stale Object Error", "")
	}
	switch {
	case operation == "update":
		return s.updateLocked(d, in)
	case operation == "delete" && k == invoice:
		s.removeLocked(d)
		return d, nil
	case operation == "void" && k == invoice:
		return d, s.voidLocked(d)
	}
	return nil, failed(codeUnsupported, "Operation is not supported", "operation")
}

func (s *Simulator) createLocked(k entityKind, in map[string]any) (*document, *failure) {
	d := &document{Kind: k}
	body := merged(map[string]any{}, in)
	if f := s.settleLocked(d, body); f != nil {
		return nil, f
	}
	s.state.LastID++
	d.ID, d.Body = strconv.Itoa(s.state.LastID), body
	d.Created = s.stampLocked()
	d.Updated = d.Created
	s.state.Records = append(s.state.Records, d)
	s.byID[d.ID] = d
	s.savedLocked(d, "Create")
	return d, nil
}

func (s *Simulator) updateLocked(d *document, in map[string]any) (*document, *failure) {
	wasActive, before := d.Body["Active"], d.Body
	base := d.Body
	if sparse, _ := in["sparse"].(bool); !sparse {
		base = fullBase(d.Body)
	}
	body := merged(base, in)
	if f := s.settleLocked(d, body); f != nil {
		return nil, f
	}
	d.Body = body
	s.touchCustomerLocked(before)
	s.raiseLocked(d)
	operation := "Update"
	if d.Kind == customer && wasActive == true && body["Active"] == false {
		operation = "Delete"
	}
	s.savedLocked(d, operation)
	return d, nil
}

// fullBase is what a full update keeps although it was not sent.
func fullBase(body map[string]any) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"Active", "CurrencyRef", "IsProject"} {
		if value, ok := body[key]; ok {
			out[key] = value
		}
	}
	return out
}

// merged lays what was sent over base: null is ignored, a blank clears, nested objects and lists replace.
func merged(base, in map[string]any) map[string]any {
	out := platformsim.Clone(base)
	in = platformsim.Clone(in)
	for _, key := range managed {
		delete(in, key)
	}
	for key, value := range in {
		switch kept, keep := pruned(value); {
		case value == nil:
		case keep:
			out[key] = kept
		default:
			delete(out, key)
		}
	}
	return out
}

// pruned drops blanks and nulls inside a value; keep is false if nothing is left of it.
func pruned(value any) (kept any, keep bool) {
	switch v := value.(type) {
	case nil:
		return nil, false
	case string:
		return v, v != ""
	case map[string]any:
		for key, part := range v {
			if v[key], keep = pruned(part); !keep {
				delete(v, key)
			}
		}
		return v, len(v) > 0
	case []any:
		for i := range v {
			v[i], _ = pruned(v[i])
		}
		return v, len(v) > 0
	}
	return value, true
}

// removeLocked destroys an invoice; its stub stays for change data capture.
func (s *Simulator) removeLocked(d *document) {
	s.touchCustomerLocked(d.Body)
	d.Deleted = true
	s.raiseLocked(d)
	s.savedLocked(d, "Delete")
}

// voidLocked zeroes an invoice and keeps it.
func (s *Simulator) voidLocked(d *document) *failure {
	lines, _ := d.Body["Line"].([]any)
	for _, item := range lines {
		line, _ := item.(map[string]any)
		line["Amount"] = json.Number("0")
		if detail, _ := line[salesDetail].(map[string]any); detail != nil {
			detail["Qty"] = json.Number("0")
		}
	}
	note := "Voided"
	if before, _ := d.Body["PrivateNote"].(string); before != "" {
		note += " - " + before
	}
	d.Body["PrivateNote"], d.Body["TotalAmt"], d.Paid = note, json.Number("0"), ""
	s.touchCustomerLocked(d.Body)
	s.raiseLocked(d)
	s.savedLocked(d, "Void")
	return nil
}

// raiseLocked moves a record's token and stamp.
func (s *Simulator) raiseLocked(d *document) {
	d.Token++
	d.Updated = s.stampLocked()
}

// savedLocked tells the world.
func (s *Simulator) savedLocked(d *document, operation string) {
	s.owed = nil
	if d.Kind == invoice && !d.Deleted {
		s.touchCustomerLocked(d.Body)
	}
	s.noteLocked(event{Kind: d.Kind, ID: d.ID, Operation: operation})
	s.TouchLocked()
}

// touchCustomerLocked moves the stamp of an invoice's customer, whose balance may have changed. It neither raises the
// SyncToken nor tells a webhook (unverified; the harder form for a client).
func (s *Simulator) touchCustomerLocked(body map[string]any) {
	if c := s.findLocked(customer, refOf(body, "CustomerRef")); c != nil && !c.Deleted {
		c.Updated = s.stampLocked()
	}
}

// batchLocked serves up to 30 items, each on its own.
func (s *Simulator) batchLocked(body []byte, v view) (map[string]any, *failure) {
	in, f := parseObject(body)
	if f != nil {
		return nil, f
	}
	list, _ := in["BatchItemRequest"].([]any)
	if len(list) == 0 || len(list) > batchItemsMax {
		return nil, failed(codeUnsupported, "Batch must hold 1 to 30 items", "BatchItemRequest")
	}
	answers := []any{}
	for _, item := range list {
		one, _ := item.(map[string]any)
		answer, f := s.batchItemLocked(one, v)
		if f != nil {
			answer = map[string]any{"Fault": f.body()}
		}
		answer["bId"] = one["bId"]
		answers = append(answers, answer)
	}
	// No order is promised: the last comes first.
	for i, j := 0, len(answers)-1; i < j; i, j = i+1, j-1 {
		answers[i], answers[j] = answers[j], answers[i]
	}
	return map[string]any{"BatchItemResponse": answers}, nil
}

func (s *Simulator) batchItemLocked(item map[string]any, v view) (map[string]any, *failure) {
	if s.ChanceLocked(s.FaultsLocked().ItemError) {
		return nil, &failure{status: http.StatusOK, kind: "SystemFault", code: codeSystem,
			message: "An application error has occurred while processing your request", detail: "System Failure Error"}
	}
	if text, ok := item["Query"].(string); ok {
		return s.queryLocked(text, v)
	}
	operation, _ := item["operation"].(string)
	for _, k := range []entityKind{customer, invoice} {
		if in, ok := item[string(k)].(map[string]any); ok {
			d, f := s.writeLocked(k, operation, in)
			if f != nil {
				return nil, f
			}
			return map[string]any{string(k): s.renderLocked(d, v)}, nil
		}
	}
	return nil, failed(codeUnsupported, "Batch item holds nothing known", "")
}
