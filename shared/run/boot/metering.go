package boot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// metering says what a vendor's calls cost and how its answers tell what is left. A limit that cost does not name costs
// one; one that it names with 0 does not count the call.
type metering struct {
	cost func(*http.Request) map[string]int
	told func(limit string, r *http.Request, h http.Header) (vendorMax, remaining int, ok bool)
}

// meters are those of every platform; one without an entry has calls that cost one and answers that tell nothing.
func meters() map[record.Platform]metering {
	return map[record.Platform]metering{
		"hubspot":    {cost: hubspotCost, told: hubspotTold},
		"pipedrive":  {cost: pipedriveCost, told: pipedriveTold},
		"quickbooks": {cost: quickbooksCost},
		"salesforce": {told: salesforceTold},
		"xero":       {told: xeroTold},
	}
}

// hubspotCost counts searches apart: they have a limit of their own, and are in no other.
func hubspotCost(r *http.Request) map[string]int {
	if strings.HasSuffix(r.URL.Path, "/search") {
		return map[string]int{"10s": 0}
	}
	return map[string]int{"search": 0}
}

func hubspotTold(limit string, _ *http.Request, h http.Header) (int, int, bool) {
	if limit != "10s" || h.Get("X-HubSpot-RateLimit-Interval-Milliseconds") != "10000" {
		return 0, 0, false
	}
	return pair(h.Get("X-HubSpot-RateLimit-Max"), h.Get("X-HubSpot-RateLimit-Remaining"))
}

// pipedriveCost gives the tokens of a call (vendor's openapi.yaml, x-token-cost; v1 costs about twice v2). What it does not
// know is taken as dear.
func pipedriveCost(r *http.Request) map[string]int {
	path := strings.Trim(r.URL.Path, "/")
	last := path[strings.LastIndex(path, "/")+1:]
	_, err := strconv.Atoi(last)
	one := err == nil
	tokens := 20
	switch {
	case strings.Contains(path, "earch"): // search, itemSearch
	case strings.Contains(path, "recents"):
	case strings.HasSuffix(path, "/merge"):
		tokens = 40
	case r.Method == http.MethodGet && one:
		tokens = 1
	case r.Method == http.MethodGet:
		tokens = 10
	case r.Method == http.MethodDelete:
		tokens = 3
	case r.Method == http.MethodPost, r.Method == http.MethodPatch, r.Method == http.MethodPut:
		tokens = 5
	}
	if strings.Contains(path, "v1/") && tokens < 20 {
		tokens *= 2
	}
	costs := map[string]int{"day": tokens, "search": 0}
	if strings.Contains(path, "earch") {
		costs["search"] = 1
	}
	return costs
}

func pipedriveTold(limit string, r *http.Request, h http.Header) (int, int, bool) {
	if limit != "2s" || strings.Contains(r.URL.Path, "earch") { // a search's answer tells the limit of searches
		return 0, 0, false
	}
	return pair(h.Get("X-Ratelimit-Limit"), h.Get("X-Ratelimit-Remaining"))
}

// quickbooksCost counts each item of a batch as a call, and batches once more on their own.
func quickbooksCost(r *http.Request) map[string]int {
	if !strings.HasSuffix(r.URL.Path, "/batch") {
		return map[string]int{"batch": 0}
	}
	var body struct{ BatchItemRequest []json.RawMessage }
	_ = json.Unmarshal(bodyOf(r), &body)
	return map[string]int{"minute": max(len(body.BatchItemRequest), 1)}
}

// salesforceTold reads "api-usage=10018/100000": the org's whole pool, no matter who spent it.
func salesforceTold(limit string, _ *http.Request, h http.Header) (int, int, bool) {
	_, usage, ok := strings.Cut(h.Get("Sforce-Limit-Info"), "api-usage=")
	if limit != "day" || !ok {
		return 0, 0, false
	}
	usage, _, _ = strings.Cut(usage, ";")
	used, most, _ := strings.Cut(strings.TrimSpace(usage), "/")
	n, m, ok := pair(used, most)
	return m, max(m-n, 0), ok
}

// xeroTold reads what is left; the maximum is the documented one.
func xeroTold(limit string, _ *http.Request, h http.Header) (int, int, bool) {
	name := map[string]string{"minute": "X-MinLimit-Remaining", "day": "X-DayLimit-Remaining"}[limit]
	remaining, err := strconv.Atoi(h.Get(name))
	return 0, remaining, err == nil
}

func pair(a, b string) (int, int, bool) {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	return x, y, errX == nil && errY == nil
}

// bodyOf gives a request's body and leaves it unread; nil where it cannot be read twice.
func bodyOf(r *http.Request) []byte {
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, meteredBytesMax))
	if err != nil {
		return nil
	}
	return raw
}

// operationOf names what a GraphQL call asks for, so that its cost is remembered: its text, and those variables that are
// numbers or lists, for they multiply it. No value of a record gets into the name.
func operationOf(r *http.Request) string {
	var ask struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if json.Unmarshal(bodyOf(r), &ask) != nil {
		return r.URL.Path
	}
	var counts []string
	for name, value := range ask.Variables {
		switch v := value.(type) {
		case float64:
			counts = append(counts, name+"="+strconv.FormatFloat(v, 'f', -1, 64))
		case []any:
			counts = append(counts, name+"#"+strconv.Itoa(len(v)))
		}
	}
	sort.Strings(counts)
	sum := sha256.Sum256([]byte(ask.Query + "\x00" + strings.Join(counts, ",")))
	return hex.EncodeToString(sum[:8])
}
