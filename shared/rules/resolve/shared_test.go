package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// named is a table whose hub keeps a person's full name; the spoke "field" keeps given and family name, and where parts
// is set the hub keeps those too.
func named(t *testing.T, parts bool) *table {
	tb := newTable(t)
	free := func(name record.HubField) ruleset.Field {
		return ruleset.Field{Name: name, Owner: ruleset.Owner{LastWriteWins: true}, Conflict: ruleset.ConflictNewest, Reason: "test"}
	}
	split := []record.PlatformField{"given", "family"}
	e, m := &tb.rules.Groups[0].Entities[0], &tb.rules.Groups[0].Mappings[0]
	e.Fields = append(e.Fields, free("full"))
	joined := ruleset.Pair{Hub: []record.HubField{"full"}, Spoke: split, Direction: ruleset.ToHub, ToHubTransforms: []ruleset.Transform{{Name: "combine_name"}}}
	if parts {
		e.Fields = append(e.Fields, free("first"), free("last"))
		m.Pairs = append(m.Pairs, both("first", "given"), both("last", "family"), joined)
	} else {
		m.Pairs = append(m.Pairs, ruleset.Pair{Hub: []record.HubField{"full"}, Spoke: split, Direction: ruleset.ToSpoke, ToSpokeTransforms: []ruleset.Transform{{Name: "split_name"}}}, joined)
	}
	tb.rules.Index()
	return tb
}

func TestANameThatTwoPairsShareIsReadByBoth(t *testing.T) {
	for _, parts := range []bool{true, false} {
		tb := named(t, parts)
		person := record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "given": "Ann", "family": "Lee"}
		d := tb.see(client, "f1", start, person)
		tb.wantValue(d.Entity, "full", "Ann Lee")
		tb.write(d, contact, "h1", nil)
		tb.pass(time.Minute)
		person["family"] = "Poe"
		edited := tb.see(client, "f1", tb.view.Now, person)
		tb.wantValue(d.Entity, "full", "Ann Poe")
		if parts {
			tb.wantValue(d.Entity, "last", "Poe")
		}
		if x := due(edited, client); x != nil {
			t.Errorf("parts %v: an edit that was taken makes %v due where it was made", parts, x.Fields)
		}
		x := due(edited, contact)
		if x == nil || x.Fields["full"] != "Ann Poe" {
			t.Fatalf("parts %v: due at the hub: %+v, want the full name", parts, x)
		}
		tb.write(edited, contact, "h1", nil)
		tb.pass(time.Minute)
		if again := tb.see(client, "f1", tb.view.Now, person); !again.Patch.Empty() || due(again, client) != nil || due(again, contact) != nil {
			t.Errorf("parts %v: seen again it changes something: %+v, due %+v", parts, again.Patch, again.Due)
		}
	}
}
