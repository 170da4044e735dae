package platformtest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Token is one access token that never changes.
type Token string

var _ platform.Tokens = Token("")

// Token implements platform.Tokens.
func (t Token) Token(context.Context) (string, error) { return string(t), nil }

// Refused implements platform.Tokens.
func (Token) Refused(context.Context, string) error { return nil }

// Answering gives the settings of a connector to a server that answers one thing, whatever it is asked, until the test ends.
func Answering(t testing.TB, status int, header map[string]string, body string) platform.Settings {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return platform.Settings{Connection: here, BaseURL: server.URL, Tokens: Token("t"), HTTP: server.Client(), Now: NewClock(begins).Now}
}

// VendorPath finds a file of what is known of a vendor, beside the repository. Where it is not, the test is skipped.
func VendorPath(t testing.TB, p record.Platform, name string) string {
	t.Helper()
	dir, err := spectest.Dir(p)
	if err != nil {
		t.Skipf("SKIPPED ALOUD: %v", err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED ALOUD: %s is not in ../shared/platforms/%s", name, p)
	}
	return path
}

// VendorFile reads such a file.
func VendorFile(t testing.TB, p record.Platform, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(VendorPath(t, p, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
