package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// person takes an edit of a record as a person would make it in the platform's own screens: a JSON object of fields.
func (w *World) person(out http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		http.Error(out, "the body cannot be read", http.StatusBadRequest)
		return
	}
	var fields map[string]string
	if err := json.Unmarshal(raw, &fields); err != nil {
		http.Error(out, "the body is not a JSON object of texts", http.StatusBadRequest)
		return
	}
	object, err := w.Edit(record.Connection(r.PathValue("connection")), record.ExternalID(r.PathValue("id")), fields)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(out).Encode(map[string]string{"object": string(object)})
}

// Edit changes a record as a person would. Fields are spelled as the platform does, or as the hub does where the
// mapping has a pair for it.
func (w *World) Edit(c record.Connection, id record.ExternalID, fields map[string]string) (record.Object, error) {
	sim, ok := w.Sims[c]
	if !ok {
		return "", fmt.Errorf("no connection %q; there are %v", c, w.connections())
	}
	for _, object := range w.Objects(c) {
		if _, _, ok := sim.Record(object, id); !ok {
			continue
		}
		spelled := record.Fields{}
		for name, value := range fields {
			spelled[w.spell(record.Place{Connection: c, Object: object}, name)] = value
		}
		err := sim.Edit(object, id, spelled)
		w.Moved()
		if err == nil {
			err = w.Save()
		}
		return object, err
	}
	return "", fmt.Errorf("no record %q on %s; the records are listed with `fluxcascade records %s`", id, c, c)
}

// spell turns a hub field's name into the platform's spelling at a place, and leaves every other name as it is.
func (w *World) spell(place record.Place, name string) record.PlatformField {
	for _, g := range w.Rules.GroupsAt(place) {
		for _, p := range g.PairsAt(place) {
			if len(p.Spoke) == 1 && slices.Contains(p.Hub, record.HubField(name)) {
				return p.Spoke[0]
			}
		}
	}
	return record.PlatformField(name)
}

// Listed is one record as the records list shows it.
type Listed struct {
	Object record.Object     `json:"object"`
	ID     record.ExternalID `json:"id"`
	Label  string            `json:"label"`
}

// labelled are shown of a record, in this order, where its object has them.
var labelled = []catalog.Meaning{catalog.MeansName, catalog.MeansGivenName, catalog.MeansFamilyName, catalog.MeansStage, catalog.MeansAmount, catalog.MeansEmployer, catalog.MeansEmail, catalog.MeansPhone}

// label says in one line which record it is.
func label(o *catalog.Object, fields record.Fields) string {
	var parts []string
	for _, m := range labelled {
		if value := fields[o.Means[m]]; value != "" && !slices.Contains(parts, value) {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, "  ")
}

// list answers the live records of a connection.
func (w *World) list(out http.ResponseWriter, r *http.Request) {
	c := record.Connection(r.PathValue("connection"))
	sim, ok := w.Sims[c]
	if !ok {
		http.Error(out, fmt.Sprintf("no connection %q; there are %v", c, w.connections()), http.StatusNotFound)
		return
	}
	listed := []Listed{}
	for _, object := range w.Objects(c) {
		o := w.described(c, object)
		for _, id := range sim.IDs(object) {
			fields, _, ok := sim.Record(object, id)
			if !ok || o == nil {
				continue
			}
			listed = append(listed, Listed{Object: object, ID: id, Label: label(o, fields)})
		}
	}
	_ = json.NewEncoder(out).Encode(listed)
}
