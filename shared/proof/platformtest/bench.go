package platformtest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Bench is what one connector brings to the suite. Its fields are not changed once it is used.
type Bench struct {
	Catalog  *catalog.Platform
	Simulate func(platformsim.Options) platformsim.Simulator
	Connect  func(platform.Settings) platform.Connector
	Refresh  func(platform.RefreshSettings) platform.Refresher
	Receive  platform.Receive
	// BaseURL and TokenURL are those of production: the suite calls them, and the simulator answers in their place.
	BaseURL, TokenURL string
	Options           map[string]string // of the connection
	Objects           []Object
	// Without lists the files of Files that the connector does without, each with the reason.
	Without map[string]string
	// Resign signs a webhook again, body and headers in place, as somebody who holds secret would at a time.
	Resign func(secret string, d *platformsim.Delivery, at time.Time)

	once       sync.Once
	validator  spectest.Validator
	unverified error
}

// Object is what the suite must know of one object to make and change its records.
type Object struct {
	Name record.Object
	// Text is a text field that people edit, whose every change moves the record's stamp.
	Text record.PlatformField
	// Minimal lists the fields that a new record needs; the suite adds Text and references that are required.
	Minimal []record.PlatformField
	// Values gives, for fields whose kind does not say what they take, values that the platform takes as they are; two at least.
	Values map[record.PlatformField][]string
	// Apart lists writable fields that the suite leaves alone, each with the reason.
	Apart map[record.PlatformField]string
	// Kept lists writable fields that the platform does not let go blank, each with the reason; required ones need no entry.
	Kept map[record.PlatformField]string
	// Siblings lists the groups of fields that go back to the platform together, because its API replaces the whole of them.
	Siblings [][]record.PlatformField
	// Derived are fields that the platform, or their selector, makes follow a sibling: they may change with it.
	Derived map[record.PlatformField]bool
	// Beside lists fields without which a field cannot be given.
	Beside map[record.PlatformField][]record.PlatformField
	// Refused is a value of a field that the connector sends and the platform does not take.
	Refused Refusal
	// Restore makes live again, as a person would, what Delete removed; nil where nobody can.
	Restore func(platformsim.Simulator, record.ExternalID) error
	// Cents is how many places after the point the platform keeps of money fields; those not in it, two.
	Cents map[record.PlatformField]int32
}

// Refusal is a value that a platform refuses.
type Refusal struct {
	Field record.PlatformField
	Value string
}

func (b *Bench) object(name record.Object) *catalog.Object {
	o, ok := b.Catalog.Object(name)
	if !ok {
		panic(fmt.Sprintf("the bench of %s has an object %s that its catalog lacks", b.Catalog.Name, name))
	}
	return o
}

func (b *Bench) of(name record.Object) *Object {
	for i := range b.Objects {
		if b.Objects[i].Name == name {
			return &b.Objects[i]
		}
	}
	panic(fmt.Sprintf("the bench of %s lacks object %s", b.Catalog.Name, name))
}

// describe loads the vendor's description once; an error says why there is none.
func (b *Bench) describe() (spectest.Validator, error) {
	b.once.Do(func() { b.validator, b.unverified = spectest.For(b.Catalog.Name, b.BaseURL, b.TokenURL) })
	return b.validator, b.unverified
}

// Described says why what goes over the wire is held against no description, nil if it is held against one.
func (b *Bench) Described() error {
	_, err := b.describe()
	return err
}

// mark begins every text that the suite makes up. No error may hold it.
const mark = "zq"

// value gives the value number n of a field that is no reference: another one for each n, unless the field has few.
func (o *Object) value(f catalog.Field, n int) string {
	if list := o.Values[f.Name]; len(list) > 0 {
		return list[n%len(list)]
	}
	switch f.Kind {
	case catalog.Email:
		return fmt.Sprintf("%s%d.%s@example.com", mark, n, strings.ToLower(short(f.Name)))
	case catalog.Phone:
		return fmt.Sprintf("312%03d%04d", 200+sum(f.Name)%700, n%10_000)
	case catalog.Number:
		return fmt.Sprint(n + 1)
	case catalog.Money:
		return fmt.Sprintf("%d.25", n+1)
	case catalog.Bool:
		return []string{"true", "false"}[n%2]
	case catalog.Date:
		return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, (7*n+sum(f.Name))%300).Format(time.DateOnly)
	case catalog.Datetime:
		return time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n%300).Format(time.RFC3339)
	case catalog.Enum:
		if len(f.Values) > 0 {
			return f.Values[n%len(f.Values)]
		}
	}
	text := fmt.Sprintf("%s%d %s x", mark, n, short(f.Name))
	if f.MaxLength > 0 && len(text) > f.MaxLength {
		text = strings.TrimSpace(text[:f.MaxLength])
	}
	return text
}

// sum tells the names of fields apart.
func sum(name record.PlatformField) int {
	out := 0
	for _, b := range []byte(name) {
		out = (out*31 + int(b)) % 9973
	}
	return out
}

// short is a field's name in letters, so that two fields have two values.
func short(name record.PlatformField) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, string(name))
	return letters
}
