package awsaccount_test

import (
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func request(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wants holds an error to what it must tell a person, and to telling it without the SDK's own text.
func wants(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error", what)
		return
	}
	text := err.Error()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: got %q, want it to say %q", what, text, word)
		}
	}
	for _, raw := range []string{"https response error", "failed to refresh", "get identity", "RequestID"} {
		if strings.Contains(text, raw) {
			t.Errorf("%s: %q shows the SDK's own text", what, text)
		}
	}
}
