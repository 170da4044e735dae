package wiring

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// visibilityTimeouts is how many of its function's timeouts a message must stay hidden
// (docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
const visibilityTimeouts = 6

// batchAlone is the largest batch that Lambda takes without a window, in messages.
const batchAlone = 10

// Check compares a wiring with what a configuration asks for. The error names every wire that is missing, leads elsewhere
// or would lose a message.
func (w *Wiring) Check(d config.Deployment) error {
	c := checker{Wiring: w}
	c.tables()
	for _, connection := range d.Connections {
		for _, kind := range record.QueueKinds() {
			c.queue(kind, connection.Name)
		}
	}
	c.functions(d)
	c.schedules(d)
	for _, p := range d.Webhooks {
		if to := w.Routes["GET /connect/"+string(p)]; to.Function != config.Webhook {
			c.problem("%s has no route GET /connect/%s: nobody could connect an account", p, p)
		}
	}
	for _, p := range d.Webhooks {
		key := "POST /webhooks/" + string(p)
		if to, ok := w.Routes[key]; !ok {
			c.problem("%s has no route %s: its webhooks would be lost", p, key)
		} else if to.Function != config.Webhook {
			c.problem("the route %s leads to %q, not to the webhook function", key, to)
		}
	}
	if err := errors.Join(c.problems...); err != nil {
		return fmt.Errorf("the template is not wired as the configuration asks (if it is another one's, synthesise it again): %w", err)
	}
	return nil
}

type checker struct {
	*Wiring
	problems []error
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) tables() {
	want := Table{Partition: dynamostore.PartitionAttribute, Sort: dynamostore.SortAttribute, Expiry: dynamostore.ExpiryAttribute}
	for _, name := range store.Tables() {
		if got, ok := c.Tables[name]; !ok {
			c.problem("there is no table %s", name)
		} else if got != want {
			c.problem("table %s has the keys %+v, the store reads %+v", name, got, want)
		}
	}
}

// queue checks one queue, its dead letters and its one consumer.
func (c *checker) queue(kind record.QueueKind, connection record.Connection) {
	name := record.QueueOf(kind, connection)
	q, ok := c.Queues[name]
	if !ok {
		c.problem("there is no queue %s", name)
		return
	}
	if q.Dead != name.Dead() || q.Receives < 1 {
		c.problem("%s gives up on messages to %q after %d receives; want %s", name, q.Dead, q.Receives, name.Dead())
	}
	var sources []Source
	for _, s := range c.Sources {
		if s.Queue == name {
			sources = append(sources, s)
		}
	}
	if len(sources) != 1 {
		c.problem("%s has %d consumers, want one", name, len(sources))
		return
	}
	s, want := sources[0], FunctionKey{Function: config.Resolver}
	if kind == record.QueueDue {
		want = FunctionKey{Function: config.Writer, Connection: connection}
	}
	timeout := c.Functions[s.Consumer].Timeout
	switch {
	case s.Consumer != want:
		c.problem("%s is taken by the %s, not by the %s", name, s.Consumer, want)
	case q.Visibility < visibilityTimeouts*timeout:
		c.problem("%s hides messages for %s, under %d times the %s that the %s may take", name, q.Visibility, visibilityTimeouts, timeout,
			s.Consumer)
	case !s.Partial:
		c.problem("%s is taken without partial responses: what fails in a batch would count as done", name)
	case s.Batch < 1 || s.Batch > batchAlone && s.Window == 0:
		c.problem("%s is taken %d messages at once without a window, which Lambda refuses over %d", name, s.Batch, batchAlone)
	case s.Concurrency < 2:
		c.problem("%s has a maximum concurrency of %d; without one a slow platform takes the account's", name, s.Concurrency)
	}
}

// functions checks that each function there must be is, and is told of the queues and tables that it uses.
func (c *checker) functions(d config.Deployment) {
	var all []record.Connection
	for _, connection := range d.Connections {
		all = append(all, connection.Name)
	}
	for _, f := range config.Functions() {
		if f == config.Writer {
			for _, connection := range d.Connections {
				c.function(FunctionKey{Function: f, Connection: connection.Name}, connection.Peers)
			}
			continue
		}
		c.function(FunctionKey{Function: f}, all)
	}
}

func (c *checker) function(key FunctionKey, reaches []record.Connection) {
	f, ok := c.Functions[key]
	if !ok {
		c.problem("there is no %s", key)
		return
	}
	for _, name := range config.Environment(key.Function) {
		if !slices.Contains(f.Variables, name) {
			c.problem("the %s is not told %s", key, name)
		}
	}
	access := config.AccessOf(key.Function, key.Connection)
	for _, kind := range access.Sends {
		for _, connection := range reaches {
			if name := record.QueueOf(kind, connection); f.Sends[name] != name {
				c.problem("the %s sends what is for %s to %q", key, name, f.Sends[name])
			}
		}
	}
	for table, told := range f.Tables {
		if told != table {
			c.problem("the %s takes table %q for %s", key, told, table)
		}
	}
}

func (c *checker) schedules(d config.Deployment) {
	got := map[lambdaio.Scheduled]FunctionKey{}
	digests := 0
	for _, s := range c.Schedules {
		if s.Calls.Function == config.Digest {
			digests++
			continue
		}
		if _, twice := got[s.Input]; twice {
			c.problem("two schedules call for %s", describe(s.Input))
		}
		got[s.Input] = s.Calls
	}
	if digests != 1 {
		c.problem("%d schedules call the digest, want one", digests)
	}
	for _, s := range d.Schedules {
		in := Input(s)
		if calls, ok := got[in]; !ok {
			c.problem("nothing calls the %s for %s", s.Function, describe(in))
		} else if calls.Function != s.Function {
			c.problem("the schedule for %s calls the %s, not the %s", describe(in), calls, s.Function)
		}
		delete(got, in)
	}
	for in, calls := range got {
		c.problem("the %s is called for %s, which the configuration does not ask for", calls, describe(in))
	}
}

// Input is what a scheduled call is given.
func Input(s config.Schedule) lambdaio.Scheduled {
	return lambdaio.Scheduled{Connection: s.Connection, Object: s.Object, Reconcile: s.Reconcile, Active: s.Active}
}

func describe(in lambdaio.Scheduled) string {
	text := string(in.Connection)
	if in.Object != "" {
		text = record.Place{Connection: in.Connection, Object: in.Object}.String()
	}
	if in.Reconcile {
		text = "all of " + text
	}
	return text + ", " + in.Active.String()
}

// Consumed lists the sources of a connection's queues, live lanes before first loads.
func (w *Wiring) Consumed(connection record.Connection) []Source {
	var out []Source
	for _, kind := range []record.QueueKind{record.QueueChanges, record.QueueDue, record.QueueBackfill} {
		for _, s := range w.Sources {
			if s.Queue == record.QueueOf(kind, connection) {
				out = append(out, s)
			}
		}
	}
	return out
}

// Names lists the queues that are no dead-letter queues, sorted.
func (w *Wiring) Names() []queue.Name {
	var names []queue.Name
	for name, q := range w.Queues {
		if q.Dead != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
