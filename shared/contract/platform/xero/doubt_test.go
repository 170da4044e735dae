package xero

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// lose drops the answer to the next write after it was done.
func (b *books) lose() {
	lost := false
	b.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if lost || r.Method == http.MethodGet {
			return false
		}
		lost = true
		b.sim.ServeHTTP(discard{http.Header{}}, r)
		w.WriteHeader(http.StatusGatewayTimeout)
		return true
	})
}

// discard takes an answer and tells it nobody.
type discard struct{ header http.Header }

func (d discard) Header() http.Header           { return d.header }
func (discard) Write(p []byte) (int, error)     { return len(p), nil }
func (discard) WriteHeader(int)                 {}
func (b *books) count(object record.Object) int { return len(b.sim.IDs(object)) }

// TestACreateInDoubtIsRepeatedHarmlessly: the answer is lost; whatever the wait, however the retry is grouped, there is
// one record, and it is ours.
func TestACreateInDoubtIsRepeatedHarmlessly(t *testing.T) {
	for _, object := range []record.Object{"contacts", "invoices"} {
		for _, marked := range []bool{true, false} {
			for _, wait := range []time.Duration{2 * time.Minute, 7 * time.Minute, 24 * time.Hour} {
				t.Run(fmt.Sprintf("%s, marked %t, after %v", object, marked, wait), func(t *testing.T) {
					b := newBooks(t)
					began := b.clock.Now()
					fields := record.Fields{"Name": "Ada"}
					if object == "invoices" {
						fields = record.Fields{"Contact.ContactID": string(b.create("contacts", record.Fields{"Name": "Owner"})), "LineItems[0].Description": "Work"}
					}
					if marker := map[record.Object]record.PlatformField{"contacts": "ContactNumber", "invoices": "Reference"}[object]; marked {
						fields[marker] = "H-1"
					}
					intent := createIntent("k1", object, fields)
					before := b.count(object)
					b.lose()
					_, err := b.connector.Apply(t.Context(), []record.Intent{intent})
					wantKind(t, err, fault.InDoubt)
					b.clock.Advance(wait)
					intent.AttemptsBegan = began
					r := b.apply(intent)[0]
					if n := b.count(object) - before; n != 1 {
						t.Fatalf("%d records were made", n)
					}
					if object == "invoices" && !marked && wait > keyLife {
						wantKind(t, r.Err, fault.InDoubt)
						return
					}
					if r.Err != nil || r.ID != b.sim.IDs(object)[before] {
						t.Errorf("receipt %+v", r)
					}
				})
			}
		}
	}
}

func TestABatchInDoubtIsRepeatedInOtherGroups(t *testing.T) {
	b := newBooks(t)
	began := b.clock.Now()
	var intents []record.Intent
	for i := range 10 {
		intents = append(intents, createIntent(fmt.Sprint("k", i), "contacts", record.Fields{"Name": fmt.Sprint("N", i), "ContactNumber": fmt.Sprint("H-", i)}))
	}
	b.lose()
	_, err := b.connector.Apply(t.Context(), intents)
	wantKind(t, err, fault.InDoubt)
	b.clock.Advance(3 * time.Minute)
	for i := range intents {
		intents[i].AttemptsBegan = began
	}
	intents = append(intents[3:], createIntent("new", "contacts", record.Fields{"Name": "New", "ContactNumber": "H-new"}))
	for i, r := range b.applied(intents...) {
		if held := b.truth("contacts", r.ID)["ContactNumber"]; held != intents[i].Fields["ContactNumber"] || r.Existing != (i < 7) {
			t.Errorf("receipt %d: %+v holds %q", i, r, held)
		}
	}
	if b.count("contacts") != 11 {
		t.Errorf("%d contacts", b.count("contacts"))
	}
}

func TestACreateTriedBeforeThatNeverLandedIsMade(t *testing.T) {
	b := newBooks(t)
	b.create("contacts", record.Fields{"Name": "Ada"})
	if err := b.sim.Number(b.sim.IDs("contacts")[0], "h-1"); err != nil { // the same but for its case
		t.Fatal(err)
	}
	intent := createIntent("k1", "contacts", record.Fields{"Name": "Eve", "ContactNumber": "H-2"})
	intent.AttemptsBegan = b.clock.Now().Add(-time.Hour)
	if r := b.applied(intent)[0]; r.Existing {
		t.Errorf("receipt %+v", r)
	}
	intent = createIntent("k2", "contacts", record.Fields{"Name": "Mallory", "ContactNumber": "H-1"})
	intent.AttemptsBegan = b.clock.Now().Add(-time.Hour)
	if r := b.apply(intent)[0]; r.Existing {
		t.Errorf("an identity of other letters was taken for ours: %+v", r)
	}
}

func TestAnInvoiceVoidedBeforeIsNoResultOfALaterTry(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	fields := record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "x", "Reference": "D-1"}
	voided := b.create("invoices", fields)
	if err := b.sim.Delete("invoices", voided); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(24 * time.Hour)
	intent := createIntent("k", "invoices", fields)
	intent.AttemptsBegan = b.clock.Now().Add(-time.Minute)
	r := b.applied(intent)[0]
	if r.Existing || r.ID == voided {
		t.Errorf("receipt %+v", r)
	}
	if err := b.sim.Delete("invoices", r.ID); err != nil { // a person, before we heard of it
		t.Fatal(err)
	}
	if again := b.applied(intent)[0]; !again.Existing || again.ID != r.ID {
		t.Errorf("receipt %+v, want our own though it is deleted", again)
	}
}
