package xero

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestAGrantOpensSeveralOrganisationsAndOneIsLeft(t *testing.T) {
	b := newBooks(t)
	other := b.sim.AddTenant("Example Limited")
	identities, err := b.connector.Identify(t.Context())
	if err != nil || len(identities) != 2 {
		t.Fatal(identities, err)
	}
	if i := identities[0]; i.Account != b.sim.Access().Account || i.Name != "Demo Company (US)" || !i.Sandbox || i.Scopes != nil {
		t.Errorf("first %+v", i)
	}
	if i := identities[1]; i.Account != other || i.Name != "Example Limited" || i.Sandbox {
		t.Errorf("second %+v", i)
	}
	for range 2 { // twice is no failure
		if err := b.connector.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
	wantKind(t, err, fault.Unauthorized)
	left, err := b.connector.Identify(t.Context())
	if err != nil || len(left) != 1 || left[0].Account != other {
		t.Errorf("left %+v, %v", left, err)
	}
	b.connector.client.Settings.Account = other
	if _, err := b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 1}); err != nil {
		t.Errorf("the other organisation: %v", err)
	}
}

func TestScopesAreReadFromTheToken(t *testing.T) {
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"scope":["accounting.contacts","offline_access"],"exp":1}`))
	for token, want := range map[string][]string{"h." + claims + ".s": {"accounting.contacts", "offline_access"}, "opaque": nil, "h.!.s": nil, "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"scope":7}`)) + ".s": nil} {
		c := answering(t, 200, nil, `[{"id":"c","tenantId":"t","tenantType":"ORGANISATION","tenantName":"N"},{"id":"d","tenantId":"p","tenantType":"PRACTICE","tenantName":"P"}]`)
		c.client.Settings.Tokens = platformtest.Token(token)
		identities, err := c.Identify(t.Context())
		if err != nil || len(identities) != 1 || !slices.Equal(identities[0].Scopes, want) {
			t.Errorf("%q: %+v, %v, want scopes %v", token, identities, err, want)
		}
	}
}

func TestConnectionsThatCannotBeReadAreNone(t *testing.T) {
	for body, want := range map[string]fault.Kind{"<html/>": fault.Transient, "null": fault.Transient, `{"x":1}`: fault.Transient, "": fault.Transient} {
		c := answering(t, 200, nil, body)
		_, err := c.Identify(t.Context())
		wantKind(t, err, want)
		wantKind(t, c.Leave(t.Context()), want)
	}
	wantKind(t, answering(t, 500, nil, "").Leave(t.Context()), fault.Transient)
}

func TestFieldsAreDescribedWithTheirValues(t *testing.T) {
	infos, err := answering(t, 500, nil, "").Describe(t.Context(), "invoices")
	if err != nil || len(infos) != len(allFields("invoices")) {
		t.Fatal(err)
	}
	for _, f := range infos {
		if f.Name == "Status" && fmt.Sprint(f.Options[0]) != "{DRAFT DRAFT}" || f.Name == "InvoiceNumber" && !f.Unique {
			t.Errorf("%+v", f)
		}
	}
}

func TestOnlyMappedObjectsAskForTheirScope(t *testing.T) {
	a := Authorization()
	if got := a.ScopesFor([]record.Object{"contacts"}); fmt.Sprint(got) != "[accounting.contacts offline_access]" {
		t.Errorf("scopes %v", got)
	}
	if got := a.ScopesFor([]record.Object{"contacts", "invoices"}); len(got) != 4 {
		t.Errorf("scopes %v", got)
	}
}
