package hubspot

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// indexed is a record as the trailing index shows it.
type indexed struct {
	d          *document
	properties map[string]string
	at         time.Time
}

// indexLocked gives what the index holds: the records as they were Faults.SearchLag ago. Archived ones never appear.
func (s *Simulator) indexLocked(object string) []indexed {
	edge := s.NowLocked().Add(-s.FaultsLocked().SearchLag)
	var out []indexed
	for _, d := range s.state.Records[object] {
		for i := len(d.Versions) - 1; i >= 0; i-- {
			v := d.Versions[i]
			if v.At.After(edge) {
				continue
			}
			if !v.Archived {
				out = append(out, indexed{d: d, properties: v.Properties, at: v.At.Truncate(time.Millisecond)})
			}
			break
		}
	}
	return out
}

func (x indexed) value(object, property string) string {
	switch property {
	case "hs_object_id":
		return x.d.ID
	case "createdate":
		return strconv.FormatInt(x.d.Created.UnixMilli(), 10)
	case stampName(object):
		return strconv.FormatInt(x.at.UnixMilli(), 10)
	}
	return x.properties[property]
}

// compare orders values as numbers or stamps where both are, else as text.
func compare(a, b string) int {
	if n, err := strconv.ParseFloat(a, 64); err == nil {
		if m, err := strconv.ParseFloat(b, 64); err == nil {
			switch {
			case n < m:
				return -1
			case n > m:
				return 1
			}
			return 0
		}
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

func normal(object, property, value string) string {
	if property == stampName(object) || property == "createdate" {
		if at, ok := parseStamp(value); ok {
			return strconv.FormatInt(at.UnixMilli(), 10)
		}
	}
	return value
}

func (x indexed) meets(object string, filter map[string]any) bool {
	property, _ := filter["propertyName"].(string)
	have := x.value(object, property)
	want := normal(object, property, fmt.Sprint(filter["value"]))
	switch filter["operator"] {
	case "EQ":
		return have != "" && strings.EqualFold(have, want)
	case "NEQ":
		return !strings.EqualFold(have, want)
	case "GT":
		return have != "" && compare(have, want) > 0
	case "GTE":
		return have != "" && compare(have, want) >= 0
	case "LT":
		return have != "" && compare(have, want) < 0
	case "LTE":
		return have != "" && compare(have, want) <= 0
	case "IN":
		return slices.Contains(texts(filter["values"]), strings.ToLower(have))
	case "HAS_PROPERTY":
		return have != ""
	case "NOT_HAS_PROPERTY":
		return have == ""
	}
	return false
}

// search serves the search endpoint: groups are alternatives, filters in one all hold.
func (s *Simulator) search(r *http.Request, body map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	limit, offset := 10, 0
	if n, ok := body["limit"].(float64); ok {
		limit = int(n)
	}
	if text, ok := body["after"].(string); ok && text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0, nil, invalid("after must be an integer")
		}
		offset = n
	}
	if limit > searchPageMax || offset+limit > searchReach {
		return 0, nil, invalid("The limit of %d, or the reach of %d, is exceeded", searchPageMax, searchReach)
	}
	groups, _ := body["filterGroups"].([]any)
	if len(groups) > 5 {
		return 0, nil, invalid("too many filter groups")
	}
	var found []indexed
	for _, x := range s.indexLocked(object) {
		if len(groups) == 0 || slices.ContainsFunc(groups, func(g any) bool { return x.inGroup(object, g) }) {
			found = append(found, x)
		}
	}
	sortBy(object, found, body["sorts"])
	results := []any{}
	for _, x := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		shown := *x.d
		shown.Updated = x.at
		results = append(results, render(object, &shown, x.properties, texts(body["properties"])))
	}
	out := map[string]any{"total": len(found), "results": results}
	if offset+limit < len(found) {
		out["paging"] = map[string]any{"next": map[string]any{"after": strconv.Itoa(offset + limit)}}
	}
	return http.StatusOK, out, nil
}

func (x indexed) inGroup(object string, group any) bool {
	g, _ := group.(map[string]any)
	filters, _ := g["filters"].([]any)
	return !slices.ContainsFunc(filters, func(f any) bool {
		filter, _ := f.(map[string]any)
		return !x.meets(object, filter)
	})
}

// sortBy sorts by the one sort that the vendor takes; ties are in no promised order, here newest id first.
func sortBy(object string, found []indexed, v any) {
	property, descending := "hs_object_id", false
	if sorts, ok := v.([]any); ok && len(sorts) > 0 {
		switch entry := sorts[0].(type) {
		case map[string]any:
			property, _ = entry["propertyName"].(string)
			descending = entry["direction"] == "DESCENDING"
		case string:
			property, descending = strings.CutPrefix(entry, "-")
		}
	}
	slices.SortStableFunc(found, func(a, b indexed) int {
		c := compare(a.value(object, property), b.value(object, property))
		if descending {
			c = -c
		}
		if c == 0 {
			return compare(b.d.ID, a.d.ID)
		}
		return c
	})
}
