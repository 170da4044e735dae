package benches

import (
	"encoding/base64"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Pipedrive is one company, called at its own domain.
func Pipedrive() *platformtest.Bench {
	b := vendor("pipedrive")
	b.Without = map[string]string{
		"choices.go":      "no document about money is made there",
		"query.go":        "reads are lists and batches of ids",
		"associations.go": "references are fields of the record",
		"owners.go":       "webhooks name the record itself",
	}
	b.BaseURL = "https://bench.pipedrive.com"
	b.Simulate = func(o platformsim.Options) platformsim.Simulator { return pipedrive.New(o) }
	b.Resign = func(secret string, d *platformsim.Delivery, _ time.Time) {
		set(d, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("fluxcascade:"+secret)))
	}
	restore := func(object record.Object) func(platformsim.Simulator, record.ExternalID) error {
		return func(s platformsim.Simulator, id record.ExternalID) error {
			return s.(*pipedrive.Simulator).Restore(object, id)
		}
	}
	common := func(more map[record.PlatformField][]string) map[record.PlatformField][]string {
		more["owner_id"], more["visible_to"], more["label_ids"] = []string{"777", "778"}, []string{"1", "3"}, []string{"5", "5,6"}
		return more
	}
	kept := func(more map[record.PlatformField]string) map[record.PlatformField]string {
		more["owner_id"], more["visible_to"] = "a record has an owner", "a record is seen by somebody"
		return more
	}
	b.Objects = []platformtest.Object{
		{Name: "persons", Text: "name", Restore: restore("persons"), Values: common(map[record.PlatformField][]string{}),
			Kept: kept(map[record.PlatformField]string{"emails[primary].value": "another becomes the primary one",
				"phones[primary].value": "another becomes the primary one"}),
			Siblings: [][]record.PlatformField{
				{"emails[primary].value", "emails[work].value", "emails[home].value", "emails[other].value"},
				{"phones[primary].value", "phones[work].value", "phones[home].value", "phones[mobile].value", "phones[other].value"}},
			Refused: platformtest.Refusal{Field: "owner_id", Value: "999999"}},
		{Name: "organizations", Text: "address.value", Restore: restore("organizations"), Values: common(map[record.PlatformField][]string{}),
			Kept:    kept(map[record.PlatformField]string{}),
			Refused: platformtest.Refusal{Field: "owner_id", Value: "999999"}},
		{Name: "deals", Text: "title", Restore: restore("deals"),
			Values: common(map[record.PlatformField][]string{"currency": {"USD", "EUR"}, "status": {"lost", "lost"}, "pipeline_id": {"1", "1"},
				"stage_id": {"1", "2"}, "probability": {"35", "45"}}),
			Kept: kept(map[record.PlatformField]string{"currency": "a deal has one", "status": "a deal has one", "pipeline_id": "a deal is in one",
				"stage_id": "a deal is in one",
				"value":    "0 is its blank"}),
			Siblings: [][]record.PlatformField{{"pipeline_id", "stage_id"}}, Derived: map[record.PlatformField]bool{"stage_id": true},
			Refused: platformtest.Refusal{Field: "stage_id", Value: "999"}},
	}
	return b
}
