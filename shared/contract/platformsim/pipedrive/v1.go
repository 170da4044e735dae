package pipedrive

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	v1Stamp       = "2006-01-02 15:04:05"
	recentsMax    = 500
	recentsNormal = 100
)

// routeV1 serves what v2 lacks.
func routeV1(method string, path []string) (route, bool) {
	o, known := schemaOf(path[0])
	known = known && o.plural == path[0]
	switch {
	case len(path) == 2 && path[0] == "users" && path[1] == "me" && method == http.MethodGet:
		return route{cost: 2, serve: func(s *Simulator, _ *http.Request, _ []byte) reply { return s.meLocked() }}, true
	case len(path) == 1 && path[0] == "recents" && method == http.MethodGet:
		return route{cost: 20, serve: func(s *Simulator, r *http.Request, _ []byte) reply { return s.recentsLocked(r.URL.Query()) }}, true
	case known && len(path) == 3 && path[2] == "merge" && method == http.MethodPut:
		id, err := strconv.ParseInt(path[1], 10, 64)
		return route{cost: 40, changes: true, serve: func(s *Simulator, _ *http.Request, body []byte) reply {
			return s.mergedLocked(o, id,
				body)
		}}, err == nil
	case path[0] == "webhooks":
		return routeHooks(method, path[1:])
	}
	return route{}, false
}

// meLocked answers who authorised the app.
func (s *Simulator) meLocked() reply {
	company, _ := strconv.Atoi(s.state.Company)
	return fine(map[string]any{"id": ourUser, "name": "Sam Service", "default_currency": accountCurrency, "locale": "en_US", "lang": 1,
		"email": "sam@acme.example", "phone": nil,
		"activated": true, "last_login": "2026-01-01 08:00:00", "created": "2024-01-01 08:00:00", "modified": nil, "has_created_company": true,
		"access": []any{}, "active_flag": true,
		"timezone_name": "Europe/Tallinn", "timezone_offset": "+02:00", "role_id": 1, "icon_url": nil, "is_you": true, "is_deleted": false,
		"company_id": company, "company_name": "Acme", "company_domain": "acme", "company_country": "EE", "company_industry": "CRM",
		"language": map[string]any{"language_code": "en", "country_code": "US"}})
}

// recentsLocked lists what changed since a time, deletions too, oldest first, in pages by place.
func (s *Simulator) recentsLocked(q url.Values) reply {
	since, err := time.Parse(v1Stamp, q.Get("since_timestamp"))
	if err != nil {
		return v1Failure(http.StatusBadRequest, "since_timestamp is not valid")
	}
	start, limit := number(q.Get("start"), 0), min(number(q.Get("limit"), recentsNormal), recentsMax)
	if start < 0 || limit < 1 {
		return v1Failure(http.StatusBadRequest, "start or limit is not valid")
	}
	items := strings.Split(q.Get("items"), ",")
	var found []*document
	for _, d := range s.state.Records {
		if (q.Get("items") == "" || slices.Contains(items, d.Object)) && !d.Updated.Before(since) && s.settledLocked(d) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *document) int { return a.Updated.Compare(b.Updated) })
	page := found[min(start, len(found)):min(start+limit, len(found))]
	var rows any // null where there is nothing
	last := q.Get("since_timestamp")
	if len(page) > 0 {
		list := []any{}
		for _, d := range page {
			list = append(list, map[string]any{"item": d.Object, "id": d.ID, "data": recent(d)})
		}
		rows, last = list, page[len(page)-1].Updated.Format(v1Stamp)
	}
	return reply{status: http.StatusOK, body: map[string]any{"success": true, "data": rows,
		"additional_data": map[string]any{"since_timestamp": q.Get("since_timestamp"),
			"last_timestamp_on_page": last, "pagination": map[string]any{"start": start, "limit": limit, "more_items_in_collection": start+
				limit < len(found)}}}}
}

// recent is a record in the form of v1, as far as anything here reads it.
func recent(d *document) map[string]any {
	out := map[string]any{"id": d.ID, "add_time": d.Created.Format(v1Stamp), "update_time": d.Updated.Format(v1Stamp)}
	if d.Object == "deal" {
		out["title"], out["deleted"], out["active"] = d.Values["title"], d.Deleted, !d.Deleted
		if out["status"] = d.Values["status"]; d.Deleted {
			out["status"] = "deleted"
		}
		return out
	}
	out["name"], out["active_flag"] = d.Values["name"], !d.Deleted
	return out
}

func number(text string, otherwise int) int {
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func v1Failure(status int, message string) reply {
	return reply{status: status, body: map[string]any{"success": false, "error": message,
		"error_info": "Please check developers.pipedrive.com",
		"data":       nil, "additional_data": nil}}
}

func (s *Simulator) mergedLocked(o schema, id int64, body []byte) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.reply()
	}
	with, _ := in["merge_with_id"].(json.Number)
	winner, err := with.Int64()
	if err != nil {
		return v1Failure(http.StatusBadRequest, "merge_with_id is required")
	}
	if f := s.mergeLocked(o, winner, id, ourUser); f != nil {
		return v1Failure(f.status, f.message)
	}
	return fine(map[string]any{"id": winner, "merge_what_id": id})
}

// mergeLocked merges two records: the winner's values stay, its blanks and lists are filled from the loser, which is deleted.
// Only the event of the deletion tells what it was merged into.
func (s *Simulator) mergeLocked(o schema, winner, loser int64, user int) *failure {
	into, from := s.liveLocked(o.name, winner), s.liveLocked(o.name, loser)
	if into == nil || from == nil || into == from {
		return notFound()
	}
	before := s.renderLocked(o, into, nil)
	for name, value := range from.Values {
		if into.Values[name] == nil && !strings.HasSuffix(name, "_time") {
			into.Values[name] = value
		}
	}
	into.Emails, into.Phones = joined(into.Emails, from.Emails), joined(into.Phones, from.Phones)
	if into.Address["value"] == "" {
		into.Address = from.Address
	}
	for code, value := range from.Custom {
		if into.Custom == nil {
			into.Custom = map[string]any{}
		}
		if into.Custom[code] == nil {
			into.Custom[code] = value
		}
	}
	s.deleteLocked(o, from, user, map[string]any{"merged_to_id": strconv.FormatInt(winner, 10)})
	s.repointLocked(o, loser, json.Number(strconv.FormatInt(winner, 10)), user)
	into.Updated = s.stampLocked()
	s.tellLocked(o, event{action: "change", d: into, user: user, previous: changed(before, s.renderLocked(o, into, nil)),
		meta: map[string]any{"merged_from_id": strconv.FormatInt(loser, 10)}})
	return nil
}

// joined adds elements whose values are not there yet.
func joined(list, more []element) []element {
	for _, e := range more {
		if !slices.ContainsFunc(list, func(has element) bool { return cmp.Compare(has.Value, e.Value) == 0 }) {
			e.Primary = e.Primary && len(list) == 0
			list = append(list, e)
		}
	}
	return onePrimary(list)
}
