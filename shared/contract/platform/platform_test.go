package platform_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestScalarsAreSpeltAsFieldsHoldThem(t *testing.T) {
	for _, c := range []struct {
		value any
		text  string
		ok    bool
	}{
		{nil, "", true},
		{"", "", true},
		{" as it is\r\n", " as it is\r\n", true},
		{true, "true", true},
		{false, "false", true},
		{json.Number("150.50"), "150.5", true},
		{json.Number("1.5e3"), "1500", true},
		{json.Number("12345678901234567890.12"), "12345678901234567890.12", true},
		{json.Number("1e999999999"), "0", false},
		{json.Number("1e-999999999"), "0", false},
		{json.Number(strings.Repeat("9", 61)), "0", false},
		{[]any{"a"}, "", false},
		{map[string]any{"a": "b"}, "", false},
		{1.5, "", false}, // a float has lost its digits
	} {
		if text, ok := platform.Scalar(c.value); ok != c.ok || text != c.text {
			t.Errorf("%v: %q, %v; want %q, %v", c.value, text, ok, c.text, c.ok)
		}
	}
}

func TestASignatureIsOfItsBytesAndKeyAlone(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte("first then second"))
	right := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	unkeyed := hmac.New(sha256.New, nil)
	for name, c := range map[string]struct {
		secret, signature string
		parts             []string
		want              bool
	}{
		"right":                    {"key", right, []string{"first then second"}, true},
		"in parts":                 {"key", right, []string{"first", " then ", "second"}, true},
		"another key":              {"kez", right, []string{"first then second"}, false},
		"another body":             {"key", right, []string{"first then third"}, false},
		"missing":                  {"key", "", []string{"first then second"}, false},
		"no base64":                {"key", "!" + right, []string{"first then second"}, false},
		"cut":                      {"key", right[:40], []string{"first then second"}, false},
		"no secret, signed so too": {"", base64.StdEncoding.EncodeToString(unkeyed.Sum(nil)), nil, false},
	} {
		var parts [][]byte
		for _, part := range c.parts {
			parts = append(parts, []byte(part))
		}
		if got := platform.Signed(c.secret, c.signature, parts...); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheEarlierOfTwoLikelyClocksIsBelieved(t *testing.T) {
	began := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		told, want time.Time
		ok         bool
	}{
		"behind ours":   {began.Add(-time.Minute), began.Add(-time.Minute), true},
		"ahead of ours": {began.Add(time.Minute), began, true},
		"not told":      {time.Time{}, time.Time{}, false},
		"far behind":    {began.Add(-platform.ClockSkewMax), time.Time{}, false},
		"far ahead":     {began.Add(platform.ClockSkewMax), time.Time{}, false},
	} {
		if at, ok := platform.Clock(c.told, began); ok != c.ok || !at.Equal(c.want) {
			t.Errorf("%s: %v, %v", name, at, ok)
		}
	}
}

func TestALostAnswerIsInDoubtForWritesAlone(t *testing.T) {
	if kind := (platform.Call{Write: true}).Lost(); kind != fault.InDoubt {
		t.Errorf("a write: %v", kind)
	}
	if kind := (platform.Call{}).Lost(); kind != fault.Transient {
		t.Errorf("a read: %v", kind)
	}
}

func TestAFieldIsTakenApart(t *testing.T) {
	for field, want := range map[record.PlatformField]platform.Path{
		"title":                           {Root: "title"},
		"billingAddress.city":             {Root: "billingAddress", Leaf: "city"},
		"emails[primary].value":           {Root: "emails", Selector: "primary", Leaf: "value"},
		"customFields[Hub.ID]":            {Root: "customFields", Selector: "Hub.ID"},
		"custom_fields[A [b].c].currency": {Root: "custom_fields", Selector: "A [b].c", Leaf: "currency"},
		"customFields[Hub":                {Root: "customFields[Hub"},
		"":                                {},
	} {
		if got := platform.ParsePath(field); got != want {
			t.Errorf("%s: %+v, want %+v", field, got, want)
		}
	}
}
