// Package activation keeps which configuration is in force: immutable, numbered texts in the control table, and one row
// that names the active one. Numbers only grow; activating an earlier text gives it a new number, so that what was
// decided under a later one is never decided again under an earlier one. It owns the rows, and neither reads a
// configuration's meaning nor judges whether it may be activated (package operate does).
package activation

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

const (
	// TextBytesMax is the longest configuration: a thousand mapped fields are some 100 KB.
	TextBytesMax = 1 << 20
	// packedBytesMax is the longest once compressed: it is one row, in base64 (store.BodyBytesMax). YAML packs to a tenth.
	packedBytesMax = 256 << 10
	// HistoryMax is how many versions History gives.
	HistoryMax = 100
)

// Partition is where the rows are in the control table. Functions read it; operators write it.
const Partition = "config"

const (
	sortActive    = "active"
	sortCandidate = "candidate"
	textPrefix    = "text#"
	versionPrefix = "version#"
	// numberForm keeps versions in order by their sort keys.
	numberForm = "%010d"
)

// Version is one configuration as it was activated.
type Version struct {
	// Number counts activations from 1; 0 is none.
	Number int64 `json:"number"`
	// Digest is ruleset's digest of what the text means.
	Digest string `json:"digest"`
	// Name is the file that it was read from, for messages.
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	// By is who activated it, as far as the machine knows; for people.
	By string `json:"by,omitempty"`

	rev int64
}

// Text is a configuration's text and the name of its file.
type Text struct {
	Name string
	Body []byte
}

type textRow struct {
	Name string `json:"name"`
	Gzip []byte `json:"gzip"`
}

func key(sort string) store.Key {
	return store.Key{Table: store.Control, Partition: Partition, Sort: sort}
}

// Active gives the version in force; its Number is 0 if none was ever activated. Errors: fault.Transient.
func Active(ctx context.Context, s store.Store) (Version, error) {
	rows, err := s.Get(ctx, []store.Key{key(sortActive)})
	if err != nil {
		return Version{}, err
	}
	var v Version
	row, ok := rows[key(sortActive)]
	if !ok {
		return v, nil
	}
	if err := decode(row, &v); err != nil {
		return Version{}, err
	}
	v.rev = row.Rev
	return v, nil
}

// TextOf gives the text of a version. Errors: fault.Gone if there is none of that number, fault.Transient.
func TextOf(ctx context.Context, s store.Store, number int64) (Text, error) {
	text, ok, err := readText(ctx, s, textPrefix+fmt.Sprintf(numberForm, number))
	if err == nil && !ok {
		err = fault.Newf(fault.Gone, "read configuration", "there is no version %d", number)
	}
	return text, err
}

// Candidate gives the text that `serve` was last started with; ok is false for none. A stack has none here: its candidate
// is packaged beside its functions.
func Candidate(ctx context.Context, s store.Store) (text Text, ok bool, err error) {
	return readText(ctx, s, sortCandidate)
}

// SetCandidate replaces the candidate. Errors: fault.Rejected if it is too long, fault.Transient.
func SetCandidate(ctx context.Context, s store.Store, text Text) error {
	body, err := pack(text)
	if err != nil {
		return err
	}
	return s.Commit(ctx, []store.Write{{Key: key(sortCandidate), Expect: store.Any, Body: body}})
}

// Activate puts a text into force as the version after from, which is the active one as it was read before the difference
// was shown. Errors: fault.Stale if another activation came between (nothing was written); fault.Rejected if the text is
// too long; fault.Transient.
func Activate(ctx context.Context, s store.Store, from Version, text Text, digest, by string, now time.Time) (Version, error) {
	packed, err := pack(text)
	if err != nil {
		return Version{}, err
	}
	next := Version{Number: from.Number + 1, Digest: digest, Name: text.Name, At: now.UTC(), By: by}
	body, err := json.Marshal(next)
	if err != nil {
		return Version{}, fmt.Errorf("encode configuration version %d: %w", next.Number, err)
	}
	number := fmt.Sprintf(numberForm, next.Number)
	err = s.Commit(ctx, []store.Write{
		{Key: key(textPrefix + number), Expect: 0, Body: packed},
		{Key: key(versionPrefix + number), Expect: 0, Body: body},
		{Key: key(sortActive), Expect: from.rev, Body: body}})
	next.rev = from.rev + 1
	return next, err
}

// History gives the versions, newest first, at most HistoryMax of them. Errors: fault.Transient.
func History(ctx context.Context, s store.Store) ([]Version, error) {
	active, err := Active(ctx, s)
	if err != nil {
		return nil, err
	}
	var keys []store.Key
	for n := active.Number; n > 0 && len(keys) < HistoryMax; n-- {
		keys = append(keys, key(versionPrefix+fmt.Sprintf(numberForm, n)))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := s.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []Version
	for _, k := range keys {
		row, ok := rows[k]
		if !ok {
			continue
		}
		var v Version
		if err := decode(row, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func readText(ctx context.Context, s store.Store, sort string) (Text, bool, error) {
	rows, err := s.Get(ctx, []store.Key{key(sort)})
	if err != nil {
		return Text{}, false, err
	}
	row, ok := rows[key(sort)]
	if !ok {
		return Text{}, false, nil
	}
	var packed textRow
	if err := decode(row, &packed); err != nil {
		return Text{}, false, err
	}
	broken := fault.Newf(fault.Unclassified, "read configuration", "row %s/%s does not unpack", row.Partition, row.Sort)
	reader, err := gzip.NewReader(bytes.NewReader(packed.Gzip))
	if err != nil {
		return Text{}, false, broken
	}
	body, err := io.ReadAll(io.LimitReader(reader, TextBytesMax+1))
	if err != nil || len(body) > TextBytesMax {
		return Text{}, false, broken
	}
	return Text{Name: packed.Name, Body: body}, true, nil
}

func pack(text Text) ([]byte, error) {
	op := "keep configuration " + text.Name
	if len(text.Body) > TextBytesMax {
		return nil, fault.Newf(fault.Rejected, op, "it has %d bytes, at most %d: split the groups that share no connection into stacks of "+
			"their own", len(text.Body), TextBytesMax)
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text.Body); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if out.Len() > packedBytesMax {
		return nil, fault.Newf(fault.Rejected, op, "it has %d bytes when compressed, at most %d: split the groups that share no connection "+
			"into stacks of their own", out.Len(), packedBytesMax)
	}
	return json.Marshal(textRow{Name: text.Name, Gzip: out.Bytes()})
}

func decode(row store.Row, into any) error {
	if err := json.Unmarshal(row.Body, into); err != nil {
		return fault.Newf(fault.Unclassified, "read configuration", "row %s/%s is not the JSON it should be (%T)", row.Partition, row.Sort, err)
	}
	return nil
}
