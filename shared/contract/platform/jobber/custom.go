package jobber

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// definitionsPage and definitionsPagesMax bound the reading of an account's custom fields of one object.
	definitionsPage     = 50
	definitionsPagesMax = 10
)

// wireDefinition is one custom field of the account; other types than text answer as {}.
type wireDefinition struct {
	ID   record.ExternalID `json:"id"`
	Name string            `json:"name"`
}

// definitions gives the ids of the account's text custom fields by label; nil without a request where no intent that is
// to be sent writes one.
func (c *Connector) definitions(ctx context.Context, k kind, items []*work) (map[string]record.ExternalID, error) {
	for _, w := range items {
		for field := range w.Intent.Fields {
			if !w.Done && platform.ParsePath(field).Root == "customFields" {
				return c.readDefinitions(ctx, k)
			}
		}
	}
	return nil, nil
}

func (c *Connector) readDefinitions(ctx context.Context, k kind) (map[string]record.ExternalID, error) {
	call := "custom fields of " + k.list
	out := map[string]record.ExternalID{}
	after := ""
	for range definitionsPagesMax {
		a, err := c.ask(ctx, call, definitionsQuestion(k, after))
		if err != nil {
			return nil, err
		}
		if err := c.problem(a, aliasOf(0), c.client.Opf("%s", call), fault.Transient); err != nil {
			return nil, err
		}
		var page struct {
			Nodes    []wireDefinition `json:"nodes"`
			PageInfo struct {
				pageInfo
				EndCursor string `json:"endCursor"`
			} `json:"pageInfo"`
		}
		if raw := a.Data[aliasOf(0)]; absent(raw) || json.Unmarshal(raw, &page) != nil {
			return nil, fault.Newf(fault.Transient, c.client.Opf("%s", call), "page is not the JSON expected")
		}
		for _, d := range page.Nodes {
			if _, known := out[d.Name]; d.ID != "" && !known {
				out[d.Name] = d.ID
			}
		}
		if after = page.PageInfo.EndCursor; !page.PageInfo.HasNextPage || after == "" {
			return out, nil
		}
	}
	return out, nil
}

func definitionsQuestion(k kind, after string) question {
	q := question{operation: "query"}
	arguments := "first: " + q.add("first", "Int", definitionsPage) +
		", filter: " + q.add("filter", "CustomFieldConfigurationsFilterInput", map[string]any{"appliesTo": k.appliesTo})
	if after != "" {
		arguments += ", after: " + q.add("after", "String", after)
	}
	q.root(aliasOf(0), "customFieldConfigurations("+arguments+") { nodes { ... on CustomFieldConfigurationText { id name } }"+
		" pageInfo { hasNextPage endCursor } }")
	return q
}

// customInput adds the custom fields due. One that the account does not have as text is refused.
func (c *Connector) customInput(w *work, definitions map[string]record.ExternalID, input map[string]any) error {
	var values []map[string]any
	for _, field := range sortedFields(w.Intent) {
		p, value := platform.ParsePath(field), w.Intent.Fields[field]
		if p.Root != "customFields" || value == "" && w.Intent.Operation == record.OperationCreate {
			continue
		}
		id := definitions[p.Selector]
		if id == "" {
			return c.unfit(w.Intent, "is no text custom field of the account", field)
		}
		values = append(values, map[string]any{"customFieldConfigurationId": id, "valueText": value})
	}
	if len(values) > 0 {
		input["customFields"] = values
	}
	return nil
}
