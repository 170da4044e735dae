package mapping_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// nothingOf gives why a value says nothing through a transform.
func nothingOf(t *testing.T, form ruleset.Transform, value string) mapping.Nothing {
	t.Helper()
	why, silent := mapping.Apply(form, []mapping.Said{mapping.Read(value)})[0].Nothing()
	if !silent {
		t.Fatalf("%v of %q says something", form, value)
	}
	return why
}

func TestWhatSaysNothingIsToldToAnOperator(t *testing.T) {
	stages := ruleset.Transform{Name: "value_map", Map: map[string]string{"Prospecting": "appointmentscheduled"}}
	for name, c := range map[string]struct {
		form        ruleset.Transform
		value, want string
	}{
		"no entry":        {stages, "Qualification", "no entry for Qualification in the value map of dealstage"},
		"no address":      {args("address_parse_zip"), "10 Downing Street, London SW1A 2AA, UK", "10 Downing Street, London SW1A 2AA, UK is no US address with street, city, state and ZIP code, so it says nothing about dealstage"},
		"no date":         {args("date_iso"), "soon", "soon is no date that can be read for certain, so it says nothing about dealstage"},
		"no number":       {args("decimal"), "many", "many is no number that can be read for certain, so it says nothing about dealstage"},
		"no phone number": {args("phone_e164"), "ask Bob", "ask Bob is no phone number, so it says nothing about dealstage"},
		"nothing left":    {args("phone_digits"), "none", "phone_digits leaves nothing of none for dealstage"},
		"a long text":     {args("bool"), strings.Repeat("é", 100), strings.Repeat("é", 80) + "… is neither yes nor no, so it says nothing about dealstage"},
	} {
		t.Run(name, func(t *testing.T) {
			why := nothingOf(t, c.form, c.value)
			if got := why.Words("dealstage"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			by, value := why.Parts()
			if got := mapping.Words(why.Why, by, value, "dealstage"); got != c.want {
				t.Errorf("from its parts: got %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestAValueThatSaysNothingIsKeptOutOfLogs tries every way in which a line is made.
func TestAValueThatSaysNothingIsKeptOutOfLogs(t *testing.T) {
	why := nothingOf(t, args("bool"), "secret-value")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "why", why)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "why", why)
	raw, err := json.Marshal(why)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{log.String(), string(raw), fmt.Sprintf("%v %+v %#v %s %q", why, why, why, why, why), fmt.Errorf("x: %v", why).Error()} {
		if strings.Contains(line, "secret-value") {
			t.Errorf("a line tells the value: %s", line)
		}
	}
}

func TestWhatSaysNothingStaysSilentThroughEveryTransform(t *testing.T) {
	silent := mapping.Apply(args("bool"), []mapping.Said{mapping.Read("maybe")})[0]
	for _, spec := range ruleset.Transforms() {
		values := []mapping.Said{silent}
		for len(values) < spec.In || spec.In == 0 && len(values) < 3 {
			values = append(values, mapping.Read("1 Elm St"))
		}
		for i, said := range mapping.Apply(example(spec), values) {
			if why, ok := said.Nothing(); !ok || why.Why != mapping.Unreadable {
				t.Errorf("%s makes part %d of it say %v", spec.Name, i, said)
			}
		}
	}
}

// TestNoTransformEmptiesAValue holds whatever is typed: a blank comes from a blank, or from a rule that says so.
func TestNoTransformEmptiesAValue(t *testing.T) {
	for _, spec := range ruleset.Transforms() {
		if spec.Out != 1 || spec.In > 1 {
			continue
		}
		t.Run(spec.Name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				form, value := settings(rt, spec), typed().Draw(rt, "value")
				if strings.TrimSpace(value) == "" || form.Args["on_invalid"] == "blank" {
					return
				}
				if mapping.Apply(form, []mapping.Said{mapping.Read(value)})[0].Blank() {
					rt.Fatalf("%v empties %q", form, value)
				}
			})
		})
	}
}

func TestTheZeroSaidSaysNothing(t *testing.T) {
	var said mapping.Said
	if why, silent := said.Nothing(); !silent || why.Why != mapping.NotRead || said.Blank() {
		t.Errorf("the zero Said says %v", said)
	}
}

func TestComposedAndDecomposedTextsAreOneValue(t *testing.T) {
	f := &ruleset.Field{Name: "lastname", Form: []ruleset.Transform{args("trim")}}
	e := &ruleset.Entity{Fields: []ruleset.Field{*f}}
	pair := &ruleset.Pair{Hub: []record.HubField{"lastname"}, Spoke: []record.PlatformField{"LastName"}}
	nfc, nfd := "Mu\u0308ller", "M\u00fcller"
	a, _ := textsOf(mapping.ToHub(e, pair, record.Fields{"LastName": nfc}))
	b, _ := textsOf(mapping.ToHub(e, pair, record.Fields{"LastName": nfd}))
	if len(a) != 1 || a[0] != b[0] || a[0] != "M\u00fcller" {
		t.Errorf("%q and %q", a, b)
	}
}

// TestDaysComeBackFromTheirMomentsInEveryZone takes zones whose clocks have skipped midnights, and others.
func TestDaysComeBackFromTheirMomentsInEveryZone(t *testing.T) {
	names := []string{"America/Chicago", "America/Phoenix", "America/Sao_Paulo", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo", "America/Asuncion", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "Europe/Berlin", "UTC"}
	rapid.Check(t, func(rt *rapid.T) {
		zone := rapid.SampledFrom(names).Draw(rt, "zone")
		day := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 15000).Draw(rt, "day")).Format(time.DateOnly)
		moment, _ := one(args("datetime_iso", "zone", zone), day)
		if back, _ := one(args("date_iso", "zone", zone), moment); back != day {
			rt.Errorf("%s is %s in %s, and that is %s", day, moment, zone, back)
		}
		unix, _ := one(args("timestamp_unix", "zone", zone), day)
		if back, _ := one(args("date_iso", "zone", zone, "epoch", "seconds"), unix); back != day {
			rt.Errorf("%s is %s in %s, and that is %s", day, unix, zone, back)
		}
	})
}
