package platformtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
)

// Sent is one request as it left.
type Sent struct {
	Method, Host, Path string
	Body               []byte
	Authorization      string
	// Token says that it went to the token endpoint.
	Token bool
}

// Answer is what comes back for it.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// errCut is a connection that ends.
var errCut = errors.New("connection reset by peer")

// wire carries requests to the simulator, in place of the network. What passes is noted, and held against the vendor's
// description before anything is altered. Safe for concurrent use.
type wire struct {
	sim       http.Handler
	tokenHost string
	tokenPath string
	spec      spectest.Validator // nil where there is none

	mu       sync.Mutex
	sent     []Sent
	misfits  []string
	checked  int
	before   func(Sent)                  // called before a request of the API is served; nil for nothing
	instead  func(Sent) (*Answer, error) // answers in the simulator's place unless it gives neither; nil for never
	altering func(Sent, Answer) (Answer, error)
}

// misfitsMax bounds what is told of misfits.
const misfitsMax = 3

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	s := Sent{Method: r.Method, Host: r.URL.Host, Path: r.URL.RequestURI(), Body: body, Authorization: r.Header.Get("Authorization"),
		Token: r.URL.Host == w.tokenHost && r.URL.Path == w.tokenPath}
	w.mu.Lock()
	w.sent = append(w.sent, s)
	before, instead, altering := w.before, w.instead, w.altering
	w.mu.Unlock()
	if before != nil && !s.Token {
		before(s)
	}
	if instead != nil && !s.Token {
		if a, err := instead(s); a != nil || err != nil {
			return respond(r, a, err)
		}
	}
	answer := w.serve(r, body)
	if altering != nil && !s.Token {
		altered, err := altering(s, answer)
		return respond(r, &altered, err)
	}
	return respond(r, &answer, nil)
}

// serve asks the simulator and holds what passed against the description.
func (w *wire) serve(r *http.Request, body []byte) Answer {
	in := r.Clone(r.Context())
	in.Body, in.RequestURI = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, in)
	a := Answer{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.Bytes()}
	if w.spec == nil {
		return a
	}
	err := w.spec.Check(r, body, a.Status, a.Header, a.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked++
	if err != nil && len(w.misfits) < misfitsMax {
		w.misfits = append(w.misfits, fmt.Sprintf("%s %s: %v", r.Method, strings.SplitN(r.URL.Path, "?", 2)[0], err))
	}
	return a
}

func respond(r *http.Request, a *Answer, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	header := a.Header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{Status: http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header,
		Body:   io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: r}, nil
}

// requests counts those to the API since the last forget; tokens those to the token endpoint.
func (w *wire) requests() (api, tokens int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if s.Token {
			tokens++
		} else {
			api++
		}
	}
	return api, tokens
}

func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = nil
}

// since gives the requests of the API since the last forget.
func (w *wire) since() []Sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Sent
	for _, s := range w.sent {
		if !s.Token {
			out = append(out, s)
		}
	}
	return out
}

// calm ends everything that was set to happen.
func (w *wire) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before, w.instead, w.altering = nil, nil, nil
}

func (w *wire) onRequest(f func(Sent)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = f
}

func (w *wire) answerInstead(f func(Sent) (*Answer, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instead = f
}

func (w *wire) alter(f func(Sent, Answer) (Answer, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.altering = f
}
