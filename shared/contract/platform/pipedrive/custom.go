package pipedrive

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// keysMax is how many custom fields can be asked for by their keys (API v2, custom_fields); more come with all others.
	keysMax = 15
	// definitionsRest is how long an account's field list rests, though it lacks a field which is asked for; another is believed
	// for platform.FoundLife. A reading costs 10 tokens for each page.
	definitionsRest = time.Minute
	// definitionsPage is the most that a page holds; definitionsPages bounds them: the largest plan allows some hundreds of
	// custom fields to an object.
	definitionsPage  = 500
	definitionsPages = 4
)

// keyForm is the form of a custom field's key.
var keyForm = lazyregexp.New(`^[0-9a-f]{40}$`)

// definition is one field as the fields endpoints tell it.
type definition struct {
	Name    string             `json:"field_name"`
	Code    string             `json:"field_code"`
	Type    string             `json:"field_type"`
	Custom  bool               `json:"is_custom_field"`
	Options []definitionOption `json:"options"`
}

// definitionOption is one option of a list; the ids of the platform's own lists are words.
type definitionOption struct {
	ID    json.RawMessage `json:"id"`
	Label string          `json:"label"`
}

// fieldList is an account's field list of one object.
type fieldList []definition

// find gives the custom field of a key or a label. many says that several have that label.
func (l fieldList) find(label string) (found definition, ok, many bool) {
	for _, d := range l {
		switch {
		case !d.Custom || d.Code != label && d.Name != label:
		case keyForm.MatchString(label) && d.Code == label:
			return d, true, false
		case ok:
			many = true
		default:
			found, ok = d, true
		}
	}
	return found, ok, many
}

// definitions gives an object's fields, read again where the copy is older than age.
func (c *Connector) definitions(ctx context.Context, k kind, age time.Duration) (fieldList, error) {
	now := c.client.Settings.Now()
	if list, ok := c.fields.Get(k.Name, now, age); ok {
		return list, nil
	}
	var list fieldList
	cursor := ""
	for range definitionsPages {
		q := url.Values{"limit": {strconv.Itoa(definitionsPage)}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		call := platform.Call{Op: "fields of " + string(k.Name), Method: http.MethodGet, Path: withQuery(k.fieldsPath(), q)}
		answer, err := c.ask(ctx, call, false)
		if err != nil {
			return nil, err
		}
		items, ok := answer.list()
		more, told := answer.paging()
		if !ok || !told {
			return nil, fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
		}
		for _, item := range items {
			var d definition
			if json.Unmarshal(item, &d) == nil && d.Code != "" {
				list = append(list, d)
			}
		}
		if cursor = more.NextCursor; cursor == "" {
			c.fields.Put(k.Name, now, func(fieldList) fieldList { return list })
			return list, nil
		}
	}
	return nil, fault.Newf(fault.Rejected, c.client.Opf("fields of %s", k.Name), "more than %d fields", definitionsPage*definitionsPages)
}

func (k kind) fieldsPath() string { return pathV2 + k.item + "Fields" }

// wanted are fields to be read, with the account's definitions of the custom ones among them by their spelling in brackets.
type wanted struct {
	fields []record.PlatformField
	custom map[string]definition
	// gone are the fields among them that the account has not, or no longer.
	gone []record.PlatformField
	// whole says that the account was found to have all others after they were read: what a row leaves out is blank.
	whole bool
}

// resolve finds the custom fields among fields, for a call that needs each: one that the account lacks is fault.Rejected.
func (c *Connector) resolve(ctx context.Context, k kind, fields []record.PlatformField) (wanted, error) {
	want, err := c.lookFor(ctx, k, fields)
	if err == nil && len(want.gone) > 0 {
		err = c.unclear(k, want.gone[0], "no")
	}
	return want, err
}

// lookFor finds the custom fields among fields: none costs nothing, and the account's field list is read once an hour. One
// that the account has twice is fault.Rejected, since what it holds is not known: a person must say which. One that it lacks
// is gone: others are read all the same.
func (c *Connector) lookFor(ctx context.Context, k kind, fields []record.PlatformField) (wanted, error) {
	want := wanted{fields: fields, custom: map[string]definition{}}
	for _, field := range fields {
		p := platform.ParsePath(field)
		if _, done := want.custom[p.Selector]; p.Root != rootCustom || done {
			continue
		}
		list, err := c.definitions(ctx, k, platform.FoundLife)
		if err != nil {
			return wanted{}, err
		}
		d, ok, many := list.find(p.Selector)
		if !ok || many { // perhaps made, or renamed, since
			if list, err = c.definitions(ctx, k, definitionsRest); err != nil {
				return wanted{}, err
			}
			d, ok, many = list.find(p.Selector)
		}
		switch {
		case many:
			return wanted{}, c.unclear(k, field, "more than one")
		case ok:
			want.custom[p.Selector] = d
		default:
			want.gone = append(want.gone, field)
		}
	}
	return want, nil
}

// certain fails look-ups by a field that is gone: that nobody has its value is not known.
func (c *Connector) certain(k kind, want wanted, lookups []platform.Lookup) error {
	for _, l := range lookups {
		if slices.Contains(want.gone, l.Field) {
			return c.unclear(k, l.Field, "no")
		}
	}
	return nil
}

func (c *Connector) unclear(k kind, field record.PlatformField, has string) error {
	f := fault.Newf(fault.Rejected, c.client.Opf("fields of %s", k.Name), "the account has %s custom field %s; name it by its key of 40 digits, or as its people see it", has, field)
	f.Fields = []string{string(field)}
	return f
}

// confirm tells a custom field that is blank from one that was deleted since the field list was read. A deleted one is left out
// of records; whether a blank one is null there or left out too is unverified, and costs a reading of the list at most: where no
// row of an answer has a key that was asked for, the list is read again, and what it lacks is gone.
func (c *Connector) confirm(ctx context.Context, k kind, want wanted, answer []row, began time.Time) (wanted, error) {
	missing := false
	for _, d := range want.custom {
		missing = missing || len(answer) > 0 && !slices.ContainsFunc(answer, func(r row) bool { _, there := r.custom(d.Code); return there })
	}
	if !missing {
		want.whole = true
		return want, nil
	}
	list, err := c.definitions(ctx, k, c.client.Settings.Now().Sub(began))
	if err != nil {
		return want, err
	}
	out := wanted{fields: want.fields, custom: map[string]definition{}, gone: slices.Clone(want.gone), whole: true}
	for _, field := range want.fields {
		p := platform.ParsePath(field)
		d, known := want.custom[p.Selector]
		if p.Root != rootCustom || !known {
			continue
		}
		if slices.ContainsFunc(list, func(now definition) bool { return now.Custom && now.Code == d.Code }) {
			out.custom[p.Selector] = d
		} else {
			out.gone = append(out.gone, field)
		}
	}
	return out, nil
}

// custom gives what a row holds of a custom field; there is false where it says nothing of it.
func (r row) custom(code string) (value any, there bool) {
	values, _ := r[rootCustom].(map[string]any)
	value, there = values[code]
	return value, there
}

// query adds to a call's parameters which custom fields are wanted, where there are some and no more than can be named.
func (w wanted) query(q url.Values) url.Values {
	keys := map[string]bool{}
	for _, d := range w.custom {
		keys[d.Code] = true
	}
	if len(keys) > 0 && len(keys) <= keysMax {
		q.Set("custom_fields", joinKeys(keys))
	}
	return q
}
