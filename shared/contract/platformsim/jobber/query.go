package jobber

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queriesLocked are the root fields of queries.
func (s *Simulator) queriesLocked() map[string]any {
	out := map[string]any{
		"account": &object{typename: "Account", fields: map[string]any{"id": s.state.Account, "name": "Simulated account"}},
		"user": &object{typename: "User", fields: map[string]any{"id": "VXNlci8x", "name": &object{typename: "Name",
			fields: map[string]any{"first": "Omar", "last": "Owner", "full": "Omar Owner"}},
			"email": &object{typename: "UserEmail", fields: map[string]any{"raw": "omar@example.com", "isValid": true}}}},
		"client": resolver(func(a map[string]any) (any, *problem) {
			return s.clientViewLocked(s.clientLocked(text(a["id"]))), nil
		}),
		"job": resolver(func(a map[string]any) (any, *problem) { return s.jobViewLocked(s.jobLocked(text(a["id"]))), nil }),
		"property": resolver(func(a map[string]any) (any, *problem) {
			c, p := s.propertyLocked(text(a["id"]))
			return s.propertyViewLocked(c, p), nil
		}),
		"clients":    resolver(s.listClientsLocked),
		"jobs":       resolver(s.listJobsLocked),
		"properties": resolver(s.listPropertiesLocked),
		"customFieldConfigurations": resolver(func(a map[string]any) (any, *problem) {
			var found []*definition
			for _, d := range s.state.Definitions {
				if wanted := text(child(a, "filter")["appliesTo"]); wanted == "" || wanted == d.AppliesTo {
					found = append(found, d)
				}
			}
			return connectionView("CustomFieldConfiguration", a, len(found), func(i int) *object { return definitionView(found[i]) }), nil
		}),
	}
	for name, r := range out {
		out[name] = s.itemFaultLocked(name, r)
	}
	return out
}

// itemFaultLocked lets one alias fail now and then without doing anything (Faults.ItemError).
func (s *Simulator) itemFaultLocked(name string, value any) resolver {
	return func(a map[string]any) (any, *problem) {
		if s.ChanceLocked(s.FaultsLocked().ItemError) {
			return nil, &problem{message: name + " failed", code: "INTERNAL_SERVER_ERROR"}
		}
		if r, ok := value.(resolver); ok {
			return r(a)
		}
		return value, nil
	}
}

// listed is a record as a list sees it.
type listed[T any] struct {
	record T
	stamp  time.Time
}

// knownLocked is the time up to which lists know of changes. Lists that neither filter nor sort by a time do not trail.
func (s *Simulator) knownLocked(a map[string]any) time.Time {
	_, sorted := a["sort"].([]any)
	filter := child(a, "filter")
	if !sorted && filter["updatedAt"] == nil && filter["createdAt"] == nil {
		return s.NowLocked()
	}
	return s.NowLocked().Add(-s.FaultsLocked().SearchLag)
}

// listClientsLocked lists newest change first, unless sorted otherwise, archived ones too.
func (s *Simulator) listClientsLocked(a map[string]any) (any, *problem) {
	filter, known := child(a, "filter"), s.knownLocked(a)
	var rows []listed[*client]
	for _, c := range s.state.Clients {
		stamp, exists := c.Stamps.at(known)
		archived, told := filter["isArchived"].(bool)
		company, toldCompany := filter["isCompany"].(bool)
		if !exists || told && archived != c.Archived || toldCompany && company != c.IsCompany || !within(filter, "updatedAt", stamp) ||
			!within(filter, "createdAt", c.Created) || !strings.Contains(strings.ToLower(c.name()), strings.ToLower(text(a["searchTerm"]))) {
			continue
		}
		rows = append(rows, listed[*client]{record: c, stamp: stamp})
	}
	key, ascending := sorting(a)
	switch {
	case key == "CREATED_AT" && !ascending:
		slices.Reverse(rows)
	case key == "CREATED_AT":
	default:
		sortByStamp(rows, ascending)
	}
	return connectionView("Client", a, len(rows), func(i int) *object { return s.clientViewLocked(rows[i].record) }), nil
}

// listJobsLocked lists in the order of creation, unless sorted. There is no filter by updatedAt.
func (s *Simulator) listJobsLocked(a map[string]any) (any, *problem) {
	filter, known := child(a, "filter"), s.knownLocked(a)
	var rows []listed[*job]
	for _, j := range s.state.Jobs {
		stamp, exists := j.Stamps.at(known)
		status, kind := text(filter["status"]), text(filter["jobType"])
		if !exists || status != "" && status != j.status(s.NowLocked()) || kind != "" && kind != j.Type ||
			!within(filter, "createdAt", j.Created) {
			continue
		}
		rows = append(rows, listed[*job]{record: j, stamp: stamp})
	}
	if key, ascending := sorting(a); key == "UPDATED_AT" {
		sortByStamp(rows, ascending)
	}
	return connectionView("Job", a, len(rows), func(i int) *object { return s.jobViewLocked(rows[i].record) }), nil
}

func (s *Simulator) listPropertiesLocked(a map[string]any) (any, *problem) {
	wanted := text(child(a, "filter")["clientId"])
	var owners []*client
	var found []*property
	for _, c := range s.state.Clients {
		for _, p := range c.Properties {
			if wanted == "" || wanted == c.ID {
				owners, found = append(owners, c), append(found, p)
			}
		}
	}
	return connectionView("Property", a, len(found), func(i int) *object { return s.propertyViewLocked(owners[i], found[i]) }), nil
}

// sorting is the first sort of the arguments.
func sorting(a map[string]any) (key string, ascending bool) {
	list, _ := a["sort"].([]any)
	if len(list) == 0 {
		return "", false
	}
	first, _ := list[0].(map[string]any)
	return text(first["key"]), text(first["direction"]) == "ASCENDING"
}

func sortByStamp[T any](rows []listed[T], ascending bool) {
	slices.SortStableFunc(rows, func(a, b listed[T]) int {
		if ascending {
			return a.stamp.Compare(b.stamp)
		}
		return b.stamp.Compare(a.stamp)
	})
}

// within reports whether a time is in the range that a filter holds under a key: both ends are included.
func within(filter map[string]any, key string, at time.Time) bool {
	span := child(filter, key)
	limit := func(end string) (time.Time, bool) {
		t, err := time.Parse(time.RFC3339Nano, text(span[end]))
		return t, err == nil
	}
	if t, ok := limit("after"); ok && at.Before(t) {
		return false
	}
	if t, ok := limit("before"); ok && at.After(t) {
		return false
	}
	t, ok := limit("eq")
	return !ok || at.Equal(t)
}

// connectionView is one page of a list of total rows, of which only the page's are rendered. Cursors are offsets in
// base64, as in the vendor's printed example.
func connectionView(typename string, a map[string]any, total int, row func(int) *object) *object {
	start := 0
	if raw, err := base64.RawStdEncoding.DecodeString(text(a["after"])); err == nil {
		if n, err := strconv.Atoi(string(raw)); err == nil {
			start = min(max(n, 0), total)
		}
	}
	end := min(start+asked(a), total)
	page, edges := make([]*object, end-start), make([]*object, end-start)
	for i := range page {
		page[i] = row(start + i)
		edges[i] = &object{typename: typename + "Edge", fields: map[string]any{"cursor": offset(start + i + 1), "node": page[i]}}
	}
	info := map[string]any{"hasNextPage": end < total, "hasPreviousPage": start > 0, "startCursor": nil, "endCursor": nil}
	if len(page) > 0 {
		info["startCursor"], info["endCursor"] = offset(start+1), offset(end)
	}
	return &object{typename: typename + "Connection", fields: map[string]any{"nodes": page, "edges": edges,
		"pageInfo": &object{typename: "PageInfo", fields: info}, "totalCount": total}}
}

func offset(n int) string { return base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(n))) }

func text(value any) string {
	t, _ := value.(string)
	return t
}

// child is a nested input object, nil where it is missing.
func child(a map[string]any, key string) map[string]any {
	m, _ := a[key].(map[string]any)
	return m
}
