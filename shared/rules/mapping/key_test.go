package mapping_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func rule(fields ...record.HubField) ruleset.MatchRule {
	r := ruleset.MatchRule{Name: "rule"}
	for _, f := range fields {
		r.Parts = append(r.Parts, ruleset.MatchPart{Field: f})
	}
	return r
}

func TestKeysThatAgreeAndKeysThatDoNot(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"case":                             {"ADA@Example.com", "ada@example.COM", true},
		"white space at the ends":          {" Ada ", "Ada", true},
		"white space inside":               {"Ada  Lovelace", "Ada\tLovelace", true},
		"white space or none":              {"Ada Lovelace", "AdaLovelace", false},
		"sharp s is ss":                    {"Straße", "STRASSE", true},
		"capital sharp s":                  {"STRAẞE", "strasse", true},
		"final sigma":                      {"ΟΔΟΣ", "οδος", true},
		"composed and decomposed":          {"Ren\u00e9", "Rene\u0301", true},
		"accent or none":                   {"René", "Rene", false},
		"Turkish dotless i is no i":        {"Işık", "isik", false},
		"a capital I folds to a dotted i":  {"ISTANBUL", "istanbul", true},
		"a dotted capital I keeps its dot": {"İstanbul", "istanbul", false},
		"a dotted capital I, decomposed":   {"İstanbul", "I\u0307stanbul", true},
	} {
		t.Run(name, func(t *testing.T) {
			a, okA := mapping.Key(rule("x"), record.HubValues{"x": c.a})
			b, okB := mapping.Key(rule("x"), record.HubValues{"x": c.b})
			if !okA || !okB || (a == b) != c.same {
				t.Errorf("Key(%q) = %q, %t; Key(%q) = %q, %t; want the same: %t", c.a, a, okA, c.b, b, okB, c.same)
			}
		})
	}
}

func TestAKeyNeedsEveryPart(t *testing.T) {
	for name, values := range map[string]record.HubValues{
		"unread":           {"email": "a"},
		"blank":            {"email": "a", "phone": ""},
		"white space only": {"email": "a", "phone": " \t"},
		"nothing":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			if key, ok := mapping.Key(rule("email", "phone"), values); ok || key != "" {
				t.Errorf("Key = %q, %t; want none", key, ok)
			}
		})
	}
	if key, ok := mapping.Key(rule(), record.HubValues{"email": "a"}); ok {
		t.Errorf("a rule without parts gives %q", key)
	}
}

func TestAKeysPartsGoThroughTheirTransforms(t *testing.T) {
	r := rule("phone", "address")
	r.Parts[0].Transforms = []ruleset.Transform{args("phone_e164", "on_invalid", "park")}
	r.Parts[1].Transforms = []ruleset.Transform{args("street_number")}
	typed, ok1 := mapping.Key(r, record.HubValues{"phone": "(312) 555-0123", "address": "221 E. 51st St."})
	stored, ok2 := mapping.Key(r, record.HubValues{"phone": "+13125550123", "address": "221 East 51st Street, Chicago"})
	if !ok1 || !ok2 || typed != stored {
		t.Errorf("keys %q (%t) and %q (%t); want one", typed, ok1, stored, ok2)
	}
	for name, values := range map[string]record.HubValues{
		"a part that cannot be read":  {"phone": "2859902", "address": "221 E. 51st St."},
		"a part that becomes a blank": {"phone": "3125550123", "address": "51st St."},
	} {
		if key, ok := mapping.Key(r, values); ok {
			t.Errorf("%s: %q, want none", name, key)
		}
	}
	r.Parts[1].Transforms = []ruleset.Transform{args("split_name")}
	if key, ok := mapping.Key(r, record.HubValues{"phone": "3125550123", "address": "Ada Lovelace"}); ok {
		t.Errorf("a part of two values: %q, want none", key)
	}
}

func TestNoTwoListsOfPartsGiveOneKey(t *testing.T) {
	word := rapid.StringMatching(`[a-c0-9:]{1,4}`)
	rapid.Check(t, func(rt *rapid.T) {
		a := []string{word.Draw(rt, "a0"), word.Draw(rt, "a1")}
		b := []string{word.Draw(rt, "b0"), word.Draw(rt, "b1")}
		keyA, _ := mapping.Key(rule("x", "y"), record.HubValues{"x": a[0], "y": a[1]})
		keyB, _ := mapping.Key(rule("x", "y"), record.HubValues{"x": b[0], "y": b[1]})
		if (keyA == keyB) != (a[0] == b[0] && a[1] == b[1]) {
			rt.Errorf("%q gives %q and %q gives %q", a, keyA, b, keyB)
		}
		turned, _ := mapping.Key(rule("y", "x"), record.HubValues{"x": a[0], "y": a[1]})
		if (turned == keyA) != (a[0] == a[1]) {
			rt.Errorf("%q gives %q, and with the parts turned round %q", a, keyA, turned)
		}
	})
}

func TestAHashIsBoundToWhatItIsOf(t *testing.T) {
	secret := []byte("deployment")
	base := mapping.Hash(secret, "sales", "contacts", "by email", "1:a")
	if again := mapping.Hash(secret, "sales", "contacts", "by email", "1:a"); again != base || len(base) != 64 {
		t.Errorf("hashes %q and %q; want one of 64 hex digits", base, again)
	}
	for name, other := range map[string]string{
		"secret": mapping.Hash([]byte("other"), "sales", "contacts", "by email", "1:a"),
		"group":  mapping.Hash(secret, "support", "contacts", "by email", "1:a"),
		"type":   mapping.Hash(secret, "sales", "companies", "by email", "1:a"),
		"rule":   mapping.Hash(secret, "sales", "contacts", "by phone", "1:a"),
		"key":    mapping.Hash(secret, "sales", "contacts", "by email", "1:b"),
	} {
		if other == base {
			t.Errorf("another %s gives the same hash", name)
		}
	}
}
