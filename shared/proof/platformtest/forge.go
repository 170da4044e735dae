package platformtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Forgery is what came of attempts to have one platform's webhooks accepted.
type Forgery struct {
	Platform record.Platform `json:"platform"`
	Seed     uint64          `json:"seed"`
	// Tried counts the attempts by kind: forged, altered, replayed, oversized.
	Tried map[string]int `json:"tried"`
	// Accepted counts those that were; First tells of one.
	Accepted int    `json:"accepted"`
	First    string `json:"first,omitempty"`
	// Genuine counts deliveries of the simulator's, each accepted: else all that is refused would prove nothing.
	Genuine int `json:"genuine"`
	// Unable says which kinds the platform's scheme cannot refuse: the catalog declares it, and no attempt is of that kind.
	Unable []string `json:"unable,omitempty"`
}

// attempt is one way to have a webhook accepted. It changes a genuine delivery, and may move the time at which it comes.
type attempt struct {
	kind, name string
	try        func(*forger, *platformsim.Delivery, *time.Time)
}

// forger draws attempts.
type forger struct {
	*Stand
	random  *rand.Rand
	genuine []platformsim.Delivery
	// signing are the headers without which a genuine delivery is refused.
	signing []string
}

// Forge tries cases forged, altered, replayed and oversized webhooks, drawn from a seed, on a platform that signs them.
func Forge(b *Bench, cases int, seed uint64) (Forgery, error) {
	report := Forgery{Platform: b.Catalog.Name, Seed: seed, Tried: map[string]int{}}
	s, err := newStand(b, &b.Objects[0])
	if err != nil {
		return report, err
	}
	f := &forger{Stand: s, random: rand.New(rand.NewPCG(seed, 0x666f726765))}
	if err := f.begin(); err != nil {
		return report, err
	}
	report.Genuine = len(f.genuine)
	attempts := f.attempts()
	if !b.Catalog.Webhooks.Sealed {
		report.Unable = append(report.Unable, sealed.Name)
	}
	if !b.Catalog.Webhooks.Dated {
		report.Unable = append(report.Unable, dated.Name)
	}
	for range cases {
		d, now := copied(f.genuine[f.random.IntN(len(f.genuine))]), s.Clock.Now()
		a := attempts[f.random.IntN(len(attempts))]
		a.try(f, &d, &now)
		report.Tried[a.kind]++
		hints, err := s.receive(d, s.secret(), now)
		if err == nil {
			if report.Accepted++; report.First == "" {
				report.First = fmt.Sprintf("%s: %s, %d hints", a.kind, a.name, len(hints))
			}
		}
	}
	return report, s.broken()
}

// begin takes genuine deliveries, and finds which headers count.
func (f *forger) begin() error {
	var err error
	if f.genuine, _, err = f.deliveries(); err != nil {
		return err
	}
	for _, d := range f.genuine {
		if _, err := f.receive(d, f.secret(), f.Clock.Now()); err != nil {
			return fmt.Errorf("a genuine webhook is refused: %w", err)
		}
	}
	for name := range f.genuine[0].Header {
		without := copied(f.genuine[0])
		without.Header.Del(name)
		if _, err := f.Bench.Receive(f.secret(), platform.Request{Method: without.Method, URL: without.URL, Header: without.Header,
			Body: without.Body, Now: f.Clock.Now()}); err != nil {
			f.signing = append(f.signing, name)
		}
	}
	slices.Sort(f.signing)
	if len(f.signing) == 0 {
		return fmt.Errorf("no header of a webhook is needed")
	}
	return nil
}

func (f *forger) text(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/="
	out := make([]byte, n)
	for i := range out {
		out[i] = letters[f.random.IntN(len(letters))]
	}
	return string(out)
}

func (f *forger) header() string { return f.signing[f.random.IntN(len(f.signing))] }

// attempts lists the ways that this platform's scheme must refuse.
func (f *forger) attempts() []attempt {
	out := []attempt{
		{"forged", "no headers", func(_ *forger, d *platformsim.Delivery, _ *time.Time) {
			d.Header = http.Header{"Content-Type": {"application/json"}}
		}},
		{"forged", "a header missing", func(f *forger, d *platformsim.Delivery, _ *time.Time) { d.Header.Del(f.header()) }},
		{"forged", "a header empty", func(f *forger, d *platformsim.Delivery, _ *time.Time) { d.Header.Set(f.header(), "") }},
		{"forged", "a guessed header", func(f *forger, d *platformsim.Delivery, _ *time.Time) {
			d.Header.Set(f.header(), f.text(1+f.random.IntN(90)))
		}},
		{"forged", "signed with a guessed secret", func(f *forger, d *platformsim.Delivery, now *time.Time) {
			f.Bench.Resign(f.text(f.random.IntN(64)), d, *now)
		}},
		{"forged", "signed with a part of the secret", func(f *forger, d *platformsim.Delivery, now *time.Time) {
			f.Bench.Resign(f.secret()[:f.random.IntN(len(f.secret()))], d, *now)
		}},
		{"forged", "signed with the secret in another case", func(f *forger, d *platformsim.Delivery, now *time.Time) {
			f.Bench.Resign(strings.ToUpper(f.secret()), d, *now)
		}},
		{"forged", "signed with an access token", func(f *forger, d *platformsim.Delivery, now *time.Time) {
			f.Bench.Resign(f.Sim.Access().AccessToken, d, *now)
		}},
		{"altered", "a header with one character changed", func(f *forger, d *platformsim.Delivery, _ *time.Time) {
			name := f.header()
			value := []byte(d.Header.Get(name))
			value[f.random.IntN(len(value)-2)] ^= 1 // the last of base64 may hold bits that nobody reads
			d.Header.Set(name, string(value))
		}},
		{"altered", "a header cut short", func(f *forger, d *platformsim.Delivery, _ *time.Time) {
			name := f.header()
			value := d.Header.Get(name)
			d.Header.Set(name, value[:f.random.IntN(len(value)-2)])
		}},
		{"oversized", "blanks behind it, signed anew", func(f *forger, d *platformsim.Delivery, now *time.Time) {
			d.Body = append(d.Body, blanks2MB...)
			f.Bench.Resign(f.secret(), d, *now)
		}},
		{"oversized", "blanks behind it, as signed", func(_ *forger, d *platformsim.Delivery, _ *time.Time) {
			d.Body = append(d.Body,
				blanks2MB...)
		}},
	}
	if f.Bench.Catalog.Webhooks.Sealed {
		out = append(out, f.ofBody()...)
	}
	if f.Bench.Catalog.Webhooks.Dated {
		out = append(out,
			attempt{"replayed", "much later", func(f *forger, _ *platformsim.Delivery, now *time.Time) {
				*now = now.Add(100*time.Hour + time.Duration(f.random.Int64N(int64(replayed))))
			}},
			attempt{"replayed", "before it was made", func(f *forger, _ *platformsim.Delivery, now *time.Time) {
				*now = now.Add(-time.Hour - time.Duration(f.random.Int64N(int64(replayed))))
			}})
	}
	return out
}

var blanks2MB = bytes.Repeat([]byte{' '}, webhookBytesMax)

// ofBody are the attempts that a signature over the body refuses.
func (f *forger) ofBody() []attempt {
	change := func(name string, change func(*forger, []byte) []byte) attempt {
		return attempt{"altered", name, func(f *forger, d *platformsim.Delivery, _ *time.Time) { d.Body = change(f, d.Body) }}
	}
	return []attempt{
		change("a byte changed", func(f *forger, b []byte) []byte { b[f.random.IntN(len(b))] ^= byte(1 + f.random.IntN(255)); return b }),
		change("a byte left out", func(f *forger, b []byte) []byte { i := f.random.IntN(len(b)); return slices.Delete(b, i, i+1) }),
		change("a byte put in", func(f *forger, b []byte) []byte {
			return slices.Insert(b, f.random.IntN(len(b)), byte(f.random.IntN(256)))
		}),
		change("cut short", func(f *forger, b []byte) []byte { return b[:f.random.IntN(len(b))] }),
		change("another body", func(f *forger, _ []byte) []byte { return []byte(`[{"id":"` + f.text(12) + `"}]`) }),
		change("a digit changed", func(f *forger, b []byte) []byte {
			i := bytes.IndexAny(b, "0123456789")
			b[i] = '0' + (b[i]-'0'+byte(1+f.random.IntN(9)))%10
			return b
		}),
		{"replayed", "an old signature under another body", func(f *forger, d *platformsim.Delivery, _ *time.Time) {
			other := copied(f.genuine[f.random.IntN(len(f.genuine))])
			if bytes.Equal(other.Body, d.Body) {
				other.Body = append(other.Body, '\n')
			}
			d.Body = other.Body
		}},
	}
}
