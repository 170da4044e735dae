package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// Limits of a redrive.
const (
	redriveBatch = 100
	// redriveMax bounds one command; what is left is told, and the next takes it.
	redriveMax = 100_000
	// redriveHidden is how long a message taken is hidden, should we be killed before it is back.
	redriveHidden = 2 * time.Minute
)

// Redriven is how many messages went back, by kind of queue.
type Redriven map[record.QueueKind]int

// Redrive moves a connection's dead letters back to their queues, and counts them. They are unchanged but for how often they
// were put off: what was given up on after two weeks has two weeks again. kind is "" for every kind.
// A message is sent before it is taken off: a command that is killed moves some twice, which is harmless, and loses none.
// It is written over the queue contract rather than with SQS's own move task, which reports no exact count, knows no end
// of a command, and does not exist in a folder. Errors: fault.Transient; what was moved stays moved, and is counted.
func Redrive(ctx context.Context, t Target, c record.Connection, kind record.QueueKind) (Redriven, Done, error) {
	moved := Redriven{}
	total := 0
	for _, k := range record.QueueKinds() {
		if kind != "" && k != kind {
			continue
		}
		n, err := redriveOne(ctx, t.Queue(), k, record.QueueOf(k, c), redriveMax-total)
		moved[k] = n
		total += n
		if err != nil {
			return moved, Done{}, fmt.Errorf("%d messages are back; the rest stays dead-lettered: %w", total, err)
		}
	}
	done := Done{Did: fmt.Sprintf("%d messages of %s are back on their queues.", total, c),
		Next: "They are worked on at once. Those that fail again become dead letters again, with their reason in the log. Watch: fluxcascade " +
			"status " + t.Flags()}
	switch {
	case total == 0:
		done.Next = "There was nothing to move."
	case total == redriveMax:
		done.Next = "There may be more: run it again. " + done.Next
	}
	return moved, done, nil
}

func redriveOne(ctx context.Context, q queue.Queue, kind record.QueueKind, name queue.Name, limit int) (int, error) {
	moved := 0
	for moved < limit {
		got, err := q.Receive(ctx, name.Dead(), min(redriveBatch, limit-moved), redriveHidden)
		if fault.Is(err, fault.Rejected) {
			return moved, nil // not deployed: a candidate's connection
		}
		if err != nil || len(got) == 0 {
			return moved, err
		}
		messages, handles := make([]queue.Message, len(got)), make([]string, len(got))
		for i, d := range got {
			messages[i], handles[i] = queue.Message{Body: renewed(kind, d.Body)}, d.Handle
		}
		if err := q.Send(ctx, name, messages); err != nil {
			return moved, err
		}
		if err := q.Delete(ctx, name.Dead(), handles); err != nil {
			return moved, err
		}
		moved += len(got)
	}
	return moved, nil
}

// renewed gives a message with its patience renewed. One that is not ours goes back as it is.
func renewed(kind record.QueueKind, body []byte) []byte {
	var message any
	switch page, notice := (record.Page{}), (record.DueNotice{}); {
	case kind == record.QueueDue && json.Unmarshal(body, &notice) == nil && notice.Entity != "":
		message = notice.Again()
	case kind != record.QueueDue && json.Unmarshal(body, &page) == nil && len(page.Changes) > 0:
		for i := range page.Changes {
			page.Changes[i] = page.Changes[i].Again()
		}
		message = page
	default:
		return body
	}
	if text, err := json.Marshal(message); err == nil {
		return text
	}
	return body
}

// Backfill has every record of a connection read again, or those of one object: whatever moved no stamp and told nothing
// is found. It is a reconcile begun now rather than at its daily time; before the first load is over it does nothing, since
// that reads every record anyway. Errors: no such object, fault.Transient.
func Backfill(ctx context.Context, t Target, rules *Rules, c record.Connection, object record.Object) (Done, error) {
	running := rules.Running()
	var places []record.Place
	for _, place := range running.Places() {
		if place.Connection == c && (object == "" || place.Object == object) {
			places = append(places, place)
		}
	}
	if len(places) == 0 {
		return Done{}, fmt.Errorf("no mapping reads %q on %s", object, c)
	}
	progress, err := controltable.LoadProgress(ctx, t.Store(), places)
	if err != nil {
		return Done{}, err
	}
	begun := 0
	for _, place := range places {
		if progress[place].Phase != controltable.PhaseDone {
			continue
		}
		started, err := t.Start(ctx, config.Poller, lambdaio.Scheduled{Connection: c, Object: place.Object, Reconcile: true})
		if err != nil {
			return Done{}, err
		}
		if !started {
			return Done{}, fmt.Errorf("nothing runs on %s: start it, and it reads every record again within a day by itself", t.Name())
		}
		begun++
	}
	if begun == 0 {
		return Done{Did: fmt.Sprintf("The first load of %s is not over.", c), Next: "It reads every record anyway."}, nil
	}
	return Done{Did: fmt.Sprintf("Reading every record of %d objects of %s has begun.", begun, c),
		Next: "Live changes come before it. What differs is decided as at any read; what is gone is found by the next sweep. Watch: " +
			"fluxcascade status " + t.Flags()}, nil
}
