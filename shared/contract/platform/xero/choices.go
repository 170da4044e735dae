package xero

import (
	"context"
	"net/http"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// small is an answer of one of the organisation's small lists (XeroAPI/Xero-OpenAPI xero_accounting.yaml 16.1.0: Accounts,
// TaxRates, Currencies). All of a list comes in one answer.
type small struct {
	Accounts []struct {
		Code, Name, Status, Class string
	}
	TaxRates []struct {
		Name, TaxType, Status string
		CanApplyToRevenue     bool
	}
	Currencies []struct{ Code, Description string }
}

// Choices implements platform.Choosing. It takes the scope accounting.settings.read.
func (c *Connector) Choices(ctx context.Context, object record.Object, field record.PlatformField) (platform.Choices, error) {
	var out platform.Choices
	if object != "invoices" {
		return out, nil
	}
	add := func(value, label string) {
		if value != "" && len(out.Options) < platform.ChoicesMax {
			out.Options = append(out.Options, platform.Option{Value: value, Label: label})
		}
	}
	var list small
	var err error
	switch field {
	case "LineItems[0].AccountCode":
		if list, err = c.small(ctx, "Accounts"); err != nil {
			return out, err
		}
		for _, a := range list.Accounts {
			if a.Class == "REVENUE" && a.Status != "ARCHIVED" {
				add(a.Code, a.Name)
			}
		}
	case "LineItems[0].TaxType":
		if list, err = c.small(ctx, "TaxRates"); err != nil {
			return out, err
		}
		for _, r := range list.TaxRates {
			if r.CanApplyToRevenue && r.Status != "DELETED" && r.Status != "ARCHIVED" {
				add(r.TaxType, r.Name)
			}
		}
	case "CurrencyCode":
		if list, err = c.small(ctx, "Currencies"); err != nil {
			return out, err
		}
		for _, one := range list.Currencies {
			add(one.Code, one.Description)
		}
	case "LineAmountTypes":
		add("Exclusive", "tax is added to amounts")
		add("Inclusive", "amounts hold their tax")
		add("NoTax", "no tax")
	}
	return out, nil
}

// small reads one list.
func (c *Connector) small(ctx context.Context, name string) (small, error) {
	call := platform.Call{Op: "list " + strings.ToLower(name), Method: http.MethodGet, Path: apiPath + name,
		Header: http.Header{tenantHeader: {c.client.Settings.Account}}}
	var out small
	answer, err := c.client.Do(ctx, call)
	if err == nil {
		err = c.classify(call, answer)
	}
	if err == nil {
		err = c.client.Decode(call, answer, &out)
	}
	return out, err
}
