package quickbooks

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// smallLists are the company's own lists, by the field of an invoice that is chosen from each: their entity in the query language
// (developer.intuit.com API reference: Item, TaxCode, Term, CompanyCurrency, 2026).
var smallLists = map[record.PlatformField]string{linePrefix + "ItemRef": "Item", linePrefix + "TaxCodeRef": "TaxCode", "SalesTermRef": "Term",
	"CurrencyRef": "CompanyCurrency"}

// unitedStates is the country whose companies have automated sales tax: a line is taxed or not, and QuickBooks works out the
// rate. A tax code's id is refused there (developer.intuit.com, automated sales tax, 2026).
const unitedStates = "US"

// listed is one entry of such a list. Categories are items that nothing sells.
type listed struct {
	ID   string `json:"Id"`
	Name string
	Code string // of a currency
	Type string // of an item
}

// companyInfo is what is asked of the company before tax and currency can be told.
type companyInfo struct{ Country string }

// Choices implements platform.Choosing.
func (c *Connector) Choices(ctx context.Context, object record.Object, field record.PlatformField) (platform.Choices, error) {
	entity := smallLists[field]
	if object != "invoices" || (entity == "" && field != "GlobalTaxCalculation") {
		return platform.Choices{}, nil
	}
	if entity == "TaxCode" || field == "GlobalTaxCalculation" {
		here, err := c.company(ctx)
		if err != nil {
			return platform.Choices{}, err
		}
		switch american := here.Country == unitedStates; {
		case american && entity == "TaxCode":
			return platform.Choices{Options: []platform.Option{{Value: "TAX", Label: "taxable"}, {Value: "NON", Label: "not taxed"}},
				Note: "with automated sales tax QuickBooks works out the rate of what is taxable"}, nil
		case american:
			return platform.Choices{Unneeded: "companies in the United States have no amounts that hold their tax"}, nil
		case entity == "":
			return platform.Choices{Options: []platform.Option{{Value: "TaxExcluded", Label: "tax is added to amounts"},
				{Value: "TaxInclusive", Label: "amounts hold their tax"}, {Value: "NotApplicable", Label: "no tax"}}}, nil
		}
	}
	found, err := c.listed(ctx, entity)
	if err != nil {
		return platform.Choices{}, err
	}
	var out platform.Choices
	for _, l := range found {
		switch {
		case entity == "Item" && l.Type == "Category":
		case entity == "CompanyCurrency" && l.Code != "":
			out.Options = append(out.Options, platform.Option{Value: l.Code, Label: l.Name})
		case l.ID != "":
			out.Options = append(out.Options, platform.Option{Value: l.ID, Label: l.Name})
		}
	}
	if entity == "CompanyCurrency" && len(out.Options) == 0 {
		out.Unneeded = "the company keeps one currency: multicurrency is off"
	}
	return out, nil
}

// listed reads a list's active entries.
func (c *Connector) listed(ctx context.Context, entity string) ([]listed, error) {
	text := "select * from " + entity + " where Active = true startposition 1 maxresults " + strconv.Itoa(platform.ChoicesMax)
	call := platform.Call{Op: "list " + entity, Method: http.MethodGet, Path: c.path("query", url.Values{"query": {text}})}
	answer, _, err := c.ask(ctx, call)
	if err != nil {
		return nil, err
	}
	if answer.QueryResponse == nil {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "answer without a QueryResponse")
	}
	var out []listed
	if raw := answer.QueryResponse.listed(entity); len(raw) > 0 && json.Unmarshal(raw, &out) != nil {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "the list is not the JSON expected")
	}
	return out, nil
}

// company asks where the company is.
func (c *Connector) company(ctx context.Context) (companyInfo, error) {
	call := platform.Call{Op: "read company", Method: http.MethodGet, Path: c.path("companyinfo/"+url.PathEscape(c.client.Settings.Account), nil)}
	answer, _, err := c.ask(ctx, call)
	var out companyInfo
	if err == nil && json.Unmarshal(answer.CompanyInfo, &out) != nil {
		err = fault.Newf(fault.Transient, c.client.Op(call), "answer without a CompanyInfo")
	}
	return out, err
}
