package boot_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// TestEveryVendorSaysHowAPersonConnects: addresses that we call are on the platform's allow list, and a redirect that is
// refused here can be pasted.
func TestEveryVendorSaysHowAPersonConnects(t *testing.T) {
	for _, v := range boot.Vendors() {
		a := v.Authorization
		if u, err := url.Parse(a.AuthorizeURL); err != nil || u.Scheme != "https" || u.Host == "" || a.Source == "" || len(a.Scopes) == 0 {
			t.Errorf("%s: authorize at %q, scopes %v, source %q: none may be missing", v.Catalog.Name, a.AuthorizeURL, a.Scopes, a.Source)
		}
		for _, called := range []string{v.TokenURL, v.BaseURL, a.RevokeURL, a.Sandbox.TokenURL, a.Sandbox.BaseURL, a.Sandbox.RevokeURL} {
			u, err := url.Parse(called)
			if called != "" && (err != nil || u.Scheme != "https" || !slices.ContainsFunc(v.Catalog.Hosts, func(host string) bool {
				return u.Host == host || strings.HasPrefix(host, ".") && strings.HasSuffix(u.Host, host)
			})) {
				t.Errorf("%s calls %s, which is not on its list of hosts %v", v.Catalog.Name, called, v.Catalog.Hosts)
			}
		}
		for _, s := range a.Scopes {
			for _, object := range s.Objects {
				if _, ok := v.Catalog.Object(object); !ok {
					t.Errorf("%s: scope %s is for %s, which is no object of it", v.Catalog.Name, s.Name, object)
				}
			}
		}
	}
}

func TestScopesAreThoseOfWhatIsMapped(t *testing.T) {
	a := platform.Authorization{Scopes: []platform.Scope{{Name: "always"}, {Name: "deals", Objects: []record.Object{"deals"}},
		{Name: "both", Objects: []record.Object{"contacts", "deals"}}}}
	if got := a.ScopesFor([]record.Object{"contacts"}); !slices.Equal(got, []string{"always", "both"}) {
		t.Errorf("got %v", got)
	}
}
