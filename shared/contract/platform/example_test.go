package platform_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Every connector answers the same five questions. This one is the reference connector, which keeps its records in memory.
func ExampleConnector() {
	ctx := context.Background()
	account := &memplatform.Platform{Connection: "jobber", Now: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) },
		Abilities: map[record.Object]catalog.Ability{"clients": {Create: true, Update: true, ReadMax: 10, WriteMax: 10, PageMax: 10, Polls: true}}}
	var connector platform.Connector = account

	// An intent names the due fields and nothing else; its key is the same on each attempt.
	receipts, err := connector.Apply(ctx, []record.Intent{{Key: "k1", Operation: record.OperationCreate,
		Ref: record.Ref{Place: record.Place{Connection: "jobber", Object: "clients"}}, Fields: record.Fields{"name": "Ann", "phone": "1"}}})
	if err != nil || receipts[0].Err != nil {
		fmt.Println(err, receipts)
		return
	}
	// A record that is not there is an absence in its place, not an error of the call.
	reads, err := connector.Fetch(ctx, "clients", []record.PlatformField{"name"}, []record.ExternalID{receipts[0].ID, "none"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("there:", reads[0].Snapshot.Fields["name"])
	fmt.Println("not there:", reads[1].Absence.Evidence)
	// Output:
	// there: Ann
	// not there: not_found
}
