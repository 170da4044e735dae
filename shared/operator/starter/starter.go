// Package starter drafts a first configuration from what platforms have: which objects are the same kind of thing, which
// fields say the same, who might own what and why. The draft is text for a person to read and change. It is pure, decides
// nothing at run time, and knows platforms by their catalog alone.
package starter

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// DefaultZone stands in a draft where nobody gave another.
const DefaultZone = "America/Chicago"

// Account is one connection that takes part.
type Account struct {
	Connection record.Connection
	Platform   *catalog.Platform
	// Fields are an object's fields as the account has them. What is custom among them is proposed in comments. nil goes by
	// the catalog alone.
	Fields map[record.Object][]platform.FieldInfo
}

// Accounts gives accounts that are named as their platforms are, for a hub and its spokes; the hub is left out of the
// spokes. The error names a platform that is none.
func Accounts(all []*catalog.Platform, hub record.Platform, spokes []record.Platform) (Account, []Account, error) {
	find := func(name record.Platform) (Account, error) {
		var names []record.Platform
		for _, p := range all {
			if p.Name == name {
				return Account{Connection: record.Connection(name), Platform: p}, nil
			}
			names = append(names, p.Name)
		}
		return Account{}, fmt.Errorf("there is no platform %q; there are %v", name, names)
	}
	first, err := find(hub)
	if err != nil {
		return Account{}, nil, err
	}
	var others []Account
	for _, name := range spokes {
		a, err := find(name)
		if err != nil {
			return Account{}, nil, err
		}
		if name != hub && !slices.ContainsFunc(others, func(o Account) bool { return o.Connection == a.Connection }) {
			others = append(others, a)
		}
	}
	return first, others, nil
}

// Write drafts a configuration of one group, as YAML with comments. It passes the loader. The error says why there is
// nothing to draft: no spoke, or nothing that the hub and a spoke both keep.
//
// zone is the IANA time zone in which the business has its days, "" for DefaultZone: where a day is made of a moment the draft
// says in which zone it is.
func Write(hub Account, spokes []Account, zone string) (string, error) {
	if len(spokes) == 0 {
		return "", fmt.Errorf("name at least one spoke beside the hub %s", hub.Connection)
	}
	d := draft{hub: hub, spokes: spokes, zone: cmp.Or(zone, DefaultZone)}
	for _, s := range spokes {
		before := len(d.mappings)
		d.mapSpoke(s)
		if len(d.mappings) == before {
			return "", fmt.Errorf("%s and %s keep nothing in common that could be mapped", hub.Platform.Label, s.Platform.Label)
		}
	}
	return d.text(), nil
}
