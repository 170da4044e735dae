package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// listEnd is the cursor after the last page.
const listEnd platform.Cursor = "end"

// List walks the list endpoint, which reads the records and not the index, in the order of their ids. Associations are
// read as Fetch reads them, and not from the listing, which spells their types otherwise: two readings of one record
// must not differ.
func (c *Connector) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	if _, err := c.client.Listable(c.catalog, c.client.Opf("list %s", q.Object), q); err != nil {
		return platform.Page{}, err
	}
	if q.Cursor == listEnd {
		return platform.Page{Next: listEnd}, nil
	}
	properties, _ := split(q.Fields)
	query := url.Values{"limit": {strconv.Itoa(q.Limit)}, "properties": {strings.Join(append(properties, stampOf(q.Object)), ",")}}
	if q.Cursor != "" {
		query.Set("after", string(q.Cursor))
	}
	var answer listAnswer
	told, err := c.ask(ctx, platform.Call{Op: "list " + string(q.Object), Method: http.MethodGet, Path: objectsPath(q.Object) + "?" + query.Encode()}, &answer)
	if err != nil {
		return platform.Page{}, err
	}
	read := map[record.ExternalID]record.Snapshot{}
	page := platform.Page{Next: platform.Cursor(answer.Paging.Next.After)}
	if page.More = page.Next != ""; !page.More {
		page.Next = listEnd
	}
	for _, o := range answer.Results {
		if !isID(o.ID) {
			return platform.Page{}, c.noRecord("list", q.Object)
		}
		s := c.snapshot(q.Object, o, q.Fields, told.began)
		page.Snapshots = append(page.Snapshots, s)
		read[s.ID] = s
	}
	if err := c.associate(ctx, q.Object, q.Fields, read); err != nil {
		return platform.Page{}, err
	}
	for i, s := range page.Snapshots {
		page.Snapshots[i] = read[s.ID]
	}
	return page, nil
}
