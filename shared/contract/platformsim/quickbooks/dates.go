package quickbooks

import "time"

// settleDatesLocked defaults the invoice's date to today in the company's zone, and the due date by its term.
func (s *Simulator) settleDatesLocked(body map[string]any) *failure {
	if get(body, "TxnDate") == "" {
		body["TxnDate"] = s.NowLocked().In(pacific).Format(time.DateOnly)
	}
	issued, err := time.Parse(time.DateOnly, get(body, "TxnDate"))
	if err != nil {
		return failed(codeUnsupported, "Invalid date", "TxnDate")
	}
	if get(body, "DueDate") == "" {
		body["DueDate"] = issued.AddDate(0, 0, terms[refOf(body, "SalesTermRef")]).Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, get(body, "DueDate")); err != nil {
		return failed(codeUnsupported, "Invalid date", "DueDate")
	}
	return nil
}
