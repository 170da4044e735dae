package jobber

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// stampsMax is how many of a record's last stamps are kept, for lists that trail.
const stampsMax = 20

// stamps are the times of a record's changes, oldest first.
type stamps []time.Time

func (t stamps) last() time.Time {
	if len(t) == 0 {
		return time.Time{}
	}
	return t[len(t)-1]
}

// at is the stamp that a list sees which knows of changes up to a time only; ok is false where the record did not exist.
func (t stamps) at(known time.Time) (stamp time.Time, ok bool) {
	for _, s := range slices.Backward(t) {
		if !s.After(known) {
			return s, true
		}
	}
	return time.Time{}, false
}

func (t stamps) add(now time.Time) stamps {
	out := append(slices.Clone(t), now)
	return out[max(0, len(out)-stampsMax):]
}

type client struct {
	ID         string            `json:"id"`
	FirstName  string            `json:"first_name"`
	LastName   string            `json:"last_name"`
	Company    string            `json:"company"`
	IsCompany  bool              `json:"is_company"`
	Title      string            `json:"title"`
	Archived   bool              `json:"archived"`
	Billing    address           `json:"billing"`
	Emails     []*contact        `json:"emails"`
	Phones     []*contact        `json:"phones"`
	Properties []*property       `json:"properties"`
	Custom     map[string]string `json:"custom"` // by definition id
	Created    time.Time         `json:"created"`
	Stamps     stamps            `json:"stamps"`
}

// contact is an email or a phone.
type contact struct {
	ID          string `json:"id"`
	Value       string `json:"value"`
	Description string `json:"description"`
	Primary     bool   `json:"primary"`
	SMS         bool   `json:"sms"`
}

type address struct {
	Street1    string `json:"street1"`
	Street2    string `json:"street2"`
	City       string `json:"city"`
	Province   string `json:"province"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
}

func (a *address) part(name string) *string {
	return map[string]*string{"street1": &a.Street1, "street2": &a.Street2, "city": &a.City, "province": &a.Province,
		"postalCode": &a.PostalCode, "country": &a.Country}[name]
}

type property struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Address address `json:"address"`
}

type job struct {
	ID           string            `json:"id"`
	Number       int               `json:"number"`
	Title        string            `json:"title"`
	Instructions string            `json:"instructions"`
	Client       string            `json:"client"`
	Property     string            `json:"property"`
	Type         string            `json:"type"`
	Billing      string            `json:"billing"`
	Schedule     string            `json:"schedule"`
	Start        time.Time         `json:"start"`
	End          time.Time         `json:"end"`
	Completed    time.Time         `json:"completed"`
	Closed       bool              `json:"closed"`
	Marked       string            `json:"marked"` // a status that follows from visits, which are not simulated
	Lines        []*line           `json:"lines"`
	Custom       map[string]string `json:"custom"`
	Created      time.Time         `json:"created"`
	Stamps       stamps            `json:"stamps"`
}

type line struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Quantity decimal.Decimal `json:"quantity"`
	Price    decimal.Decimal `json:"price"`
}

// definition is a custom text field of the account.
type definition struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	AppliesTo    string    `json:"applies_to"`
	ReadOnly     bool      `json:"read_only"`
	Transferable bool      `json:"transferable"`
	Created      time.Time `json:"created"`
}

// name is how screens call a client.
func (c *client) name() string {
	person := strings.TrimSpace(c.FirstName + " " + c.LastName)
	if c.Company != "" && (c.IsCompany || person == "") {
		return c.Company
	}
	return person
}

// isBilling: a property that has the billing address is one.
func (c *client) isBilling(p *property) bool { return p.Address == c.Billing && c.Billing != address{} }

// firstProperty is the first that is not the billing address, else the first; nil for none.
func (c *client) firstProperty() *property {
	for _, p := range c.Properties {
		if !c.isBilling(p) {
			return p
		}
	}
	if len(c.Properties) == 0 {
		return nil
	}
	return c.Properties[0]
}

// status derives a job's status. It moves with the clock, and then no stamp moves and no webhook leaves.
func (j *job) status(now time.Time) string {
	day := func(t time.Time) string { return t.In(local).Format(time.DateOnly) }
	switch {
	case j.Closed:
		return "archived"
	case !j.Completed.IsZero():
		return "requires_invoicing"
	case j.Marked != "":
		return j.Marked
	case j.Start.IsZero():
		return "unscheduled"
	case day(j.Start) < day(now):
		return "late"
	case day(j.Start) == day(now):
		return "today"
	}
	return "upcoming"
}

// total derives from the line items.
func (j *job) total() decimal.Decimal {
	total := decimal.Zero
	for _, l := range j.Lines {
		total = total.Add(l.total())
	}
	return total
}

func (l *line) total() decimal.Decimal { return l.Quantity.Mul(l.Price).Round(2) }

// settlePrimary leaves exactly one primary element: chosen where it is one of the list, else the one that is, else the first.
func settlePrimary(list []*contact, chosen *contact) {
	if !slices.Contains(list, chosen) {
		chosen = nil
	}
	for _, c := range list {
		if chosen == nil && c.Primary {
			chosen = c
		}
	}
	for i, c := range list {
		c.Primary = c == chosen || chosen == nil && i == 0
	}
}

var notDigits = regexp.MustCompile(`[^0-9]`)

// friendlyPhone is how the platform writes a number: those of North America as (312) 555-0123, others as given.
func friendlyPhone(number string) string {
	digits := notDigits.ReplaceAllString(number, "")
	if len(digits) == 11 && digits[0] == '1' {
		digits = digits[1:]
	} else if strings.HasPrefix(strings.TrimSpace(number), "+") {
		return number
	}
	if len(digits) != 10 {
		return number
	}
	return "(" + digits[:3] + ") " + digits[3:6] + "-" + digits[6:]
}
