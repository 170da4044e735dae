package platform

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// requestTimeout bounds one call of a platform; it must stay well under the writer's lease.
	requestTimeout = 30 * time.Second
	// redirectsMax bounds the redirects followed within one host.
	redirectsMax = 3
)

// ErrHost says that a request was not sent because its host is not one that the platform is called at.
var ErrHost = errors.New("not a host that this platform is called at")

// Guarded gives the client that connectors and refreshers send with: it calls only hosts, and follows a redirect only
// within the host that was called, so that tokens and records go nowhere else. An entry of hosts that begins with a dot
// matches its subdomains; others match host and port whole. A refused request fails with ErrHost.
func Guarded(hosts []string, next http.RoundTripper) *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: guard{hosts: hosts, next: next},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > redirectsMax {
				return http.ErrUseLastResponse
			}
			return nil
		}}
}

type guard struct {
	hosts []string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, host := range g.hosts {
		if r.URL.Host == host || (strings.HasPrefix(host, ".") && strings.HasSuffix(r.URL.Host, host)) {
			return g.next.RoundTrip(r)
		}
	}
	return nil, fmt.Errorf("%s: %w", r.URL.Host, ErrHost)
}
