package connect

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// personPatience is how long a person has to sign in and authorise.
const personPatience = 10 * time.Minute

// closedPage is what the browser shows once it has brought the answer: it holds nothing of it, and may keep nothing.
const closedPage = `<!doctype html><meta charset="utf-8"><title>FluxCascade</title><p>FluxCascade has the answer. You can close this ` +
	`page and go back to the terminal.</p>`

// open opens the port of a redirect to this machine; before the person is sent to authorise, so that a port which another
// program has is told then.
func open(f *flow) (net.Listener, error) {
	redirect, err := url.Parse(f.redirect)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", redirect.Port()))
	if err != nil {
		return nil, fmt.Errorf("listen for the browser on %s: %w (another program has the port? give another with --redirect, and register it "+
			"in the app)", redirect.Host, err)
	}
	return listener, nil
}

// listen waits for the browser to bring the answer to a flow, gives its code, and closes the port. Answers to other attempts
// are refused and waited past; a request under another name than the redirect's is no browser of ours.
func listen(ctx context.Context, f *flow, listener net.Listener) (code, account string, err error) {
	redirect, err := url.Parse(f.redirect)
	if err != nil {
		return "", "", err
	}
	type answer struct {
		code, account string
		err           error
	}
	brought := make(chan answer, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet || r.Host != redirect.Host || r.URL.Path != redirect.Path {
			http.NotFound(w, r)
			return
		}
		var a answer
		a.code, a.account, a.err = f.code(r.URL.String())
		if errors.Is(a.err, errAnother) {
			http.Error(w, "This is the answer to another attempt. Open the address that the terminal shows.", http.StatusBadRequest)
			return
		}
		select {
		case brought <- a:
		default: // brought twice
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(closedPage))
	})}
	go func() { _ = server.Serve(listener) }()
	defer func() { // let the page reach the browser
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	}()
	timer := time.NewTimer(personPatience)
	defer timer.Stop()
	select {
	case a := <-brought:
		return a.code, a.account, a.err
	case <-timer.C:
		return "", "", fmt.Errorf("nobody authorised the app within %s; begin again", personPatience)
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

// paste asks the person for the address at which the browser ended, and gives its code.
func paste(f *flow, person Person) (code, account string, err error) {
	for range pastesMax {
		address, err := person.Ask("Paste the address that the browser ended at: ")
		if err != nil {
			return "", "", err
		}
		code, account, err = f.code(address)
		if !errors.Is(err, errAnother) {
			return code, account, err
		}
		person.Say("%s.", err)
	}
	return "", "", fmt.Errorf("%d addresses were not the answer; begin again", pastesMax)
}

// pastesMax is how often a person may paste.
const pastesMax = 5
