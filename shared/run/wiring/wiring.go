// Package wiring reads how a synthesised template connects things: tables, queues, event sources, schedules, routes, and
// which queues each function is told of. Local runs over the AWS wire are built from it, so that what is wired wrongly
// fails here and not in an account, and Check says at once where it departs from what a configuration asks for. It reads
// text alone: no file, no service, no CDK.
package wiring

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// The tags by which a template says what each resource is for.
const (
	TagConnection = "fluxcascade:connection"
	TagFunction   = "fluxcascade:function"
	TagQueue      = "fluxcascade:queue"
	TagTable      = "fluxcascade:table"
)

// Wiring is what a template connects.
type Wiring struct {
	Tables    map[store.Table]Table
	Queues    map[queue.Name]Queue
	Functions map[FunctionKey]Function
	// Sources are sorted by queue.
	Sources   []Source
	Schedules []Schedule
	// Routes are the API's, by key: "POST /webhooks/hubspot".
	Routes map[string]FunctionKey
	// Resources counts every resource of the template by its type.
	Resources map[string]int
	// AlarmMetrics counts the metrics that alarms look at, which is what they are paid by.
	AlarmMetrics int
}

// Table is a table's keys, and the attribute by which rows expire.
type Table struct{ Partition, Sort, Expiry string }

// Queue is a queue's timing, and where it gives up on messages; Dead is "" for a dead-letter queue.
type Queue struct {
	Visibility, Retention time.Duration
	Dead                  queue.Name
	Receives              int
}

// FunctionKey names one function; Connection is "" for all but writers.
type FunctionKey struct {
	Function   config.Function
	Connection record.Connection
}

func (k FunctionKey) String() string {
	if k.Connection == "" {
		return string(k.Function)
	}
	return string(k.Function) + " of " + string(k.Connection)
}

// Function is one function's size, and what its environment tells it.
type Function struct {
	Timeout  time.Duration
	MemoryMB int
	// Sends are the queues that its environment names for it to send to, by the name it knows them under.
	Sends map[queue.Name]queue.Name
	// Tables are the tables whose names it is told.
	Tables map[store.Table]store.Table
	// Variables are the names of its environment.
	Variables []string
}

// Source is how a function takes a queue's messages.
type Source struct {
	Queue       queue.Name
	Consumer    FunctionKey
	Batch       int
	Window      time.Duration
	Concurrency int
	// Partial says that what fails comes again alone; without it a batch that answers counts as done, whole.
	Partial bool
}

// Schedule is one scheduled call.
type Schedule struct {
	Calls            FunctionKey
	Input            lambdaio.Scheduled
	Expression, Zone string
}

// template is what is read of one.
type template struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties map[string]json.RawMessage
}

// Read reads a template. The error names everything in it that cannot be understood.
func Read(text []byte) (*Wiring, error) {
	var t template
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("read a template: not JSON as cdk synth writes it: %w", err)
	}
	w := &Wiring{Tables: map[store.Table]Table{}, Queues: map[queue.Name]Queue{}, Functions: map[FunctionKey]Function{},
		Routes: map[string]FunctionKey{}, Resources: map[string]int{}}
	r := reader{template: t, w: w}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		w.Resources[t.Resources[id].Type]++
		r.resource(id)
	}
	if len(w.Tables) == 0 && len(w.Functions) == 0 {
		r.problem("it holds no table and no function with our tags: it is not one of ours")
	}
	slices.SortFunc(w.Sources, func(a, b Source) int { return strings.Compare(string(a.Queue), string(b.Queue)) })
	if len(r.problems) > 0 {
		return nil, fmt.Errorf("read a template: %w", errors.Join(r.problems...))
	}
	return w, nil
}

// reader collects what a template says, and what it says wrongly.
type reader struct {
	template
	w        *Wiring
	problems []error
}

func (r *reader) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

func (r *reader) resource(id string) {
	switch p := r.Resources[id]; p.Type {
	case "AWS::DynamoDB::Table":
		r.table(id, p)
	case "AWS::SQS::Queue":
		r.queue(id, p)
	case "AWS::Lambda::Function":
		r.function(id, p)
	case "AWS::Lambda::EventSourceMapping":
		r.source(id, p)
	case "AWS::Scheduler::Schedule":
		r.schedule(id, p)
	case "AWS::ApiGatewayV2::Route":
		r.route(p)
	case "AWS::CloudWatch::Alarm":
		r.alarm(p)
	}
}

func (r *reader) table(id string, p resource) {
	name := store.Table(p.tag(TagTable))
	if name == "" {
		r.problem("%s is a table without the tag %s", id, TagTable)
		return
	}
	var t Table
	var keys []struct{ AttributeName, KeyType string }
	p.read("KeySchema", &keys)
	for _, k := range keys {
		switch k.KeyType {
		case "HASH":
			t.Partition = k.AttributeName
		case "RANGE":
			t.Sort = k.AttributeName
		}
	}
	var expiry struct{ AttributeName string }
	p.read("TimeToLiveSpecification", &expiry)
	t.Expiry = expiry.AttributeName
	r.w.Tables[name] = t
}

func (r *reader) queue(id string, p resource) {
	name := queue.Name(p.tag(TagQueue))
	if name == "" {
		r.problem("%s is a queue without the tag %s", id, TagQueue)
		return
	}
	q := Queue{Visibility: p.seconds("VisibilityTimeout"), Retention: p.seconds("MessageRetentionPeriod")}
	var redrive struct {
		DeadLetterTargetArn json.RawMessage `json:"deadLetterTargetArn"`
		MaxReceiveCount     int             `json:"maxReceiveCount"`
	}
	if p.read("RedrivePolicy", &redrive) {
		q.Receives = redrive.MaxReceiveCount
		q.Dead = queue.Name(r.Resources[referred(redrive.DeadLetterTargetArn)].tag(TagQueue))
	}
	r.w.Queues[name] = q
}

func (r *reader) function(id string, p resource) {
	key := r.keyOf(id)
	if key.Function == "" {
		return // of the CDK itself
	}
	f := Function{Timeout: p.seconds("Timeout"), Sends: map[queue.Name]queue.Name{}, Tables: map[store.Table]store.Table{}}
	p.read("MemorySize", &f.MemoryMB)
	var environment struct{ Variables map[string]json.RawMessage }
	p.read("Environment", &environment)
	f.Variables = slices.Sorted(maps.Keys(environment.Variables))
	for table, name := range map[store.Table]string{store.Versions: config.EnvTableVersions,
		store.CrossReference: config.EnvTableCrossReference, store.Control: config.EnvTableControl} {
		if v, ok := environment.Variables[name]; ok {
			f.Tables[table] = store.Table(r.Resources[referred(v)].tag(TagTable))
		}
	}
	// A function that sends nothing is told of queues to count what is on them.
	if v, ok := environment.Variables[config.EnvQueueNames]; ok && len(config.AccessOf(key.Function, key.Connection).Sends) > 0 {
		names := map[queue.Name]string{}
		if err := json.Unmarshal([]byte(rendered(v)), &names); err != nil {
			r.problem("%s: %s is not a JSON object of references: %w", key, config.EnvQueueNames, err)
		}
		for name, of := range names {
			f.Sends[name] = queue.Name(r.Resources[of].tag(TagQueue))
		}
	}
	r.w.Functions[key] = f
}

func (r *reader) source(id string, p resource) {
	s := Source{Queue: queue.Name(r.Resources[referred(p.Properties["EventSourceArn"])].tag(TagQueue)),
		Consumer: r.keyOf(referred(p.Properties["FunctionName"])), Window: p.seconds("MaximumBatchingWindowInSeconds")}
	if s.Queue == "" || s.Consumer.Function == "" {
		r.problem("%s joins no queue of ours to a function of ours", id)
		return
	}
	p.read("BatchSize", &s.Batch)
	var scaling struct{ MaximumConcurrency int }
	p.read("ScalingConfig", &scaling)
	var types []string
	p.read("FunctionResponseTypes", &types)
	s.Concurrency, s.Partial = scaling.MaximumConcurrency, slices.Contains(types, "ReportBatchItemFailures")
	r.w.Sources = append(r.w.Sources, s)
}

func (r *reader) schedule(id string, p resource) {
	var to struct {
		Arn   json.RawMessage
		Input string
	}
	p.read("Target", &to)
	s := Schedule{Calls: r.keyOf(referred(to.Arn))}
	if err := json.Unmarshal([]byte(to.Input), &s.Input); err != nil {
		r.problem("%s gives an input that no function reads: %w", id, err)
		return
	}
	p.read("ScheduleExpression", &s.Expression)
	p.read("ScheduleExpressionTimezone", &s.Zone)
	r.w.Schedules = append(r.w.Schedules, s)
}

// route follows a route to the integration that it names, and that to its function.
func (r *reader) route(p resource) {
	var key string
	p.read("RouteKey", &key)
	_, id, _ := strings.Cut(rendered(p.Properties["Target"]), "integrations/")
	r.w.Routes[key] = r.keyOf(referred(r.Resources[id].Properties["IntegrationUri"]))
}

func (r *reader) alarm(p resource) {
	var several []struct{ MetricStat json.RawMessage }
	if !p.read("Metrics", &several) {
		r.w.AlarmMetrics++
	}
	for _, m := range several {
		if m.MetricStat != nil {
			r.w.AlarmMetrics++
		}
	}
}

func (r *reader) keyOf(id string) FunctionKey {
	p := r.Resources[id]
	return FunctionKey{Function: config.Function(p.tag(TagFunction)), Connection: record.Connection(p.tag(TagConnection))}
}

// tag gives a resource's tag, "" if it has none of that key.
func (p resource) tag(key string) string {
	var tags []struct{ Key, Value string }
	p.read("Tags", &tags)
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// read decodes a property; false if it is not there or of another shape.
func (p resource) read(name string, into any) bool {
	raw, ok := p.Properties[name]
	return ok && json.Unmarshal(raw, into) == nil
}

func (p resource) seconds(name string) time.Duration {
	var n int
	p.read(name, &n)
	return time.Duration(n) * time.Second
}

// referred gives the id that a Ref or a GetAtt names, "" if raw is neither.
func referred(raw json.RawMessage) string {
	var ref struct {
		Ref    string
		GetAtt []string `json:"Fn::GetAtt"`
	}
	if json.Unmarshal(raw, &ref) != nil {
		return ""
	}
	if len(ref.GetAtt) > 0 {
		return ref.GetAtt[0]
	}
	return ref.Ref
}

// rendered gives a text as CloudFormation would, with its resource's id for every reference.
func rendered(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	if id := referred(raw); id != "" {
		return id
	}
	var join struct {
		Join []json.RawMessage `json:"Fn::Join"`
	}
	if json.Unmarshal(raw, &join) != nil || len(join.Join) != 2 {
		return ""
	}
	var parts []json.RawMessage
	if json.Unmarshal(join.Join[1], &parts) != nil {
		return ""
	}
	var between string
	_ = json.Unmarshal(join.Join[0], &between) // "" if it is none
	texts := make([]string, len(parts))
	for i, part := range parts {
		texts[i] = rendered(part)
	}
	return strings.Join(texts, between)
}
