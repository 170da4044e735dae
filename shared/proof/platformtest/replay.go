package platformtest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Recorded is one recorded text of a vendor's, and what it answers or is.
type Recorded struct {
	Object record.Object
	// As is what it is taken for: the answer to "list", "fetch", "create", "update" or "token", or a "webhook".
	As     string
	Status int // of an answer
	Body   []byte
}

// Replay has a connector take a recorded text for what it is, and gives how many records or hints it made of it, and the
// failure that it read. It panics for a call that it does not know.
func Replay(b *Bench, r Recorded) (count int, err error) {
	s, standErr := newStand(b, b.of(r.Object))
	if standErr != nil {
		return 0, fmt.Errorf("the stand: %w", standErr)
	}
	answer := Answer{Status: r.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: r.Body}
	s.wire.answerInstead(func(Sent) (*Answer, error) { return &answer, nil })
	switch r.As {
	case "list":
		var page platform.Page
		page, err = s.list(s.query(s.Ability.PageMax))
		count = len(page.Snapshots)
	case "fetch":
		var reads []platform.Read
		reads, err = s.Fetch(s.ctx(), r.Object, s.all(), []record.ExternalID{"1", "2"})
		for _, one := range reads {
			if one.Snapshot != nil {
				count++
			}
			err = errors.Join(err, one.Err)
		}
	case "create":
		intent := record.Intent{Key: "k", Operation: record.OperationCreate, Ref: s.ref(""), Marker: s.Ability.Marker,
			Fields: record.Fields{s.Object.Text: "zq"}}
		if s.Ability.Marker != "" {
			intent.Fields[s.Ability.Marker] = "zq-entity"
		}
		count, err = 1, s.write(intent)
	case "update":
		s.wire.calm()
		ids, madeErr := s.made(1)
		if madeErr != nil {
			return 0, madeErr
		}
		intent, readErr := s.update(ids[0], record.Fields{s.Object.Text: "zq"})
		if readErr != nil {
			return 0, readErr
		}
		s.wire.answerInstead(func(Sent) (*Answer, error) { return &answer, nil })
		count, err = 1, s.write(intent)
	case "token":
		access := s.Sim.Access()
		refresher := b.Refresh(platform.RefreshSettings{TokenURL: b.TokenURL, ClientID: access.ClientID, ClientSecret: access.ClientSecret,
			Now:  s.Clock.Now,
			HTTP: platform.Guarded(b.Catalog.Hosts, answering(answer))})
		_, err = refresher.Refresh(s.ctx(), access.RefreshToken)
		count = 1
	case "webhook":
		genuine, _, deliveryErr := s.deliveries()
		if deliveryErr != nil {
			return 0, deliveryErr
		}
		d := copied(genuine[0])
		d.Body = r.Body
		b.Resign(s.secret(), &d, s.Clock.Now())
		var hints []platform.Hint
		hints, err = s.receive(d, s.secret(), s.Clock.Now())
		count = len(hints)
	default:
		panic("nothing is recorded as " + r.As)
	}
	return count, errors.Join(err, s.broken())
}
