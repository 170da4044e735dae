package cost

import (
	"cmp"
	"slices"
)

// Idle rates, as AWS's own machinery runs whether or not there is work.
const (
	// idleReceives are the receives a month of a queue that Lambda polls: five pollers, each for 20 s
	// (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html, 2026): 5 * 3 * 60 * 24 * 30.
	idleReceives = 648_000
	// keyReads are the requests a month of a key: an hour of reuse for each queue and function, and each table's few.
	keyReads = 5_000
	// hoursShare is how much of a month a metric is written that is written every quarter of an hour or oftener.
	hoursShare = 1.0
)

// Stack is what there is of a stack, counted in its template and its timetable.
type Stack struct {
	Keys, Secrets, AlarmMetrics, Dashboards, CustomMetrics, PolledQueues int
	// BusyMetrics are those of ours that are written only where changes flow; CustomMetrics the others.
	BusyMetrics int
	// ScheduledCalls are those a month.
	ScheduledCalls float64
}

// Requests are requests and units of one kind of work.
type Requests struct {
	DynamoWrites float64 `json:"dynamodb_write_units"`
	DynamoReads  float64 `json:"dynamodb_read_units"`
	SQS          float64 `json:"sqs_requests"`
	Lambda       float64 `json:"lambda_calls"`
	GBSeconds    float64 `json:"lambda_gb_seconds"`
	API          float64 `json:"api_requests"`
	LogBytes     float64 `json:"log_bytes"`
	OutBytes     float64 `json:"bytes_out"`
}

// Times gives n times as many.
func (r Requests) Times(n float64) Requests {
	return Requests{r.DynamoWrites * n, r.DynamoReads * n, r.SQS * n, r.Lambda * n, r.GBSeconds * n, r.API * n, r.LogBytes * n, r.OutBytes * n}
}

// Line is one line of a bill.
type Line struct {
	What    string  `json:"what"`
	Count   float64 `json:"count"`
	Unit    string  `json:"unit"`
	Dollars float64 `json:"dollars"`
}

func line(what string, count float64, p Price) Line {
	return Line{What: what, Count: count, Unit: p.Unit, Dollars: count * p.Each()}
}

// Floor lists what a stack costs a month with nothing to do, the dearest first. idle are the requests of one scheduled call.
func Floor(s Stack, idle Requests) []Line {
	lines := []Line{
		line("encryption keys", float64(s.Keys), KeyMonth), line("secrets", float64(s.Secrets), SecretMonth),
		line("alarms", float64(s.AlarmMetrics), AlarmMonth), line("dashboards", float64(s.Dashboards), DashboardMonth),
		line("metrics of ours", float64(s.CustomMetrics)*hoursShare, MetricMonth),
		line("queues being polled", float64(s.PolledQueues)*idleReceives, SQSRequest),
		line("key requests", float64(s.Keys)*keyReads, KMSRequest), line("scheduler", s.ScheduledCalls, SchedulerCall),
	}
	for _, l := range Work(idle.Times(s.ScheduledCalls)) {
		l.What = "polls and sweeps: " + l.What
		lines = append(lines, l)
	}
	return sorted(lines)
}

// Counting prices the metrics that are written only in hours with changes, as if every hour had some.
func Counting(s Stack) Line {
	return line("metrics of ours, where changes flow", float64(s.BusyMetrics)*hoursShare, MetricMonth)
}

// Work prices requests.
func Work(r Requests) []Line {
	const gigabyte = 1e9
	return sorted([]Line{line("DynamoDB writes", r.DynamoWrites, DynamoWrite), line("DynamoDB reads", r.DynamoReads, DynamoRead),
		line("SQS", r.SQS, SQSRequest),
		line("Lambda calls", r.Lambda, LambdaRequest), line("Lambda time", r.GBSeconds, LambdaGBSecond), line("HTTP API", r.API, APIRequest),
		line("X-Ray traces", r.Lambda, Trace), line("logs", r.LogBytes/gigabyte, LogGB), line("calls to platforms, bytes out",
			r.OutBytes/gigabyte,
			DataOutGB)})
}

// Sum adds up.
func Sum(lines []Line) float64 {
	total := 0.0
	for _, l := range lines {
		total += l.Dollars
	}
	return total
}

func sorted(lines []Line) []Line {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(b.Dollars, a.Dollars) })
	return lines
}
