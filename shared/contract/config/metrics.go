package config

// MetricNamespace is where the metrics are that alarms look at. Functions write them in the embedded format, so that counting
// costs no call, and the others as numbers in the same lines; dashboards and alarms read the names here and nowhere else.
const MetricNamespace = "FluxCascade"

// EnvStack is the stack's name: the first dimension of every metric, so that stages in one account stay apart.
const EnvStack = "STACK"

// DigestHour is the hour of the day, by the reader's zone, at which the daily digest is told: before work begins.
const DigestHour = 7

// When webhooks are missing: a platform reports our own writes back, so where we write and hear nothing, it does not call us.
// The alarm and the page judge by these.
const (
	// WritesTold is how many writes of ours in an hour a platform surely reports back, if it reports at all.
	WritesTold = 10
	// SilentHours is for how many hours it has to tell nothing: one may be late ones.
	SilentHours = 3
)

// The dimensions.
const (
	DimensionStack      = "stack"
	DimensionConnection = "connection"
	DimensionGroup      = "group"
	DimensionPlatform   = "platform"
	DimensionResult     = "result"
)

// The metrics.
const (
	MetricAccepted     = "accepted"
	MetricApplied      = "applied"
	MetricNoop         = "noop"
	MetricSuperseded   = "superseded"
	MetricParked       = "parked"
	MetricDeadLettered = "dead_lettered"
	MetricEchoes       = "echoes"
	MetricPostponed    = "postponed"
	MetricRateLimited  = "rate_limited"
	MetricRetries      = "retries"
	MetricMalformed    = "malformed"
	MetricWrites       = "writes"
	MetricRefused      = "refused"
	MetricHeld         = "held"
	MetricLag          = "lag"
	MetricRequests     = "requests"
	MetricUnanswered   = "unanswered"
	MetricDrift        = "drift"
	MetricWaiting      = "waiting"
	MetricBreaker      = "breaker"
	MetricPaused       = "paused"
	MetricUnauthorised = "unauthorised"
	MetricTokenAgeDays = "token_age_days"
	MetricWebhooks     = "webhooks"
	MetricHints        = "hints"
)

// Metric says what one metric is and how it is read.
type Metric struct {
	Name string
	// Unit is CloudWatch's: Count, Milliseconds, None.
	Unit string
	// Statistic is the one that makes sense of it: Sum for what happened, Maximum for a state that a sweep or poll saw,
	// p95 for a duration.
	Statistic string
	// Dimensions are all of them that it is written under, in order.
	Dimensions []string
	// Means is for the person who reads a dashboard.
	Means string
	// Seldom says that it is written only while it is the case, so that it costs nothing on other days.
	Seldom bool
	// Logged says that it is a number in the log's line alone, which dashboards query, and no metric of CloudWatch, which
	// costs $0.30 a month for each connection: no alarm looks at it.
	Logged bool
}

// Metrics lists every metric. What did not happen is not written: CloudWatch asks its price of a metric for each hour in
// which it is written, so that a missing point of a Sum is 0. Maximum ones are written as 0 too, unless they say otherwise.
func Metrics() []Metric {
	byConnection := []string{DimensionStack, DimensionConnection}
	byGroup := []string{DimensionStack, DimensionConnection, DimensionGroup}
	byResult := []string{DimensionStack, DimensionPlatform, DimensionResult}
	count := func(name, means string) Metric {
		return Metric{Name: name, Unit: "Count", Statistic: "Sum", Dimensions: byConnection, Means: means}
	}
	logged := func(m Metric) Metric { m.Logged = true; return m }
	state := func(name, unit, means string) Metric {
		return Metric{Name: name, Unit: unit, Statistic: "Maximum", Dimensions: byConnection, Means: means}
	}
	return []Metric{
		logged(count(MetricAccepted, "change records queued: from webhooks, polls, first loads, reconciles, and our own questions")),
		logged(count(MetricApplied, "change records that changed a record or a link of ours")),
		logged(count(MetricNoop, "change records with nothing new in them, echoes included")),
		logged(count(MetricSuperseded, "change records that a newer read had answered")),
		logged(count(MetricParked, "change records absorbed with a field or record left for a person")),
		logged(count(MetricDeadLettered, "change records refused for good")),
		logged(count(MetricEchoes, "change records that were our own writes reported back: part of noop and superseded")),
		logged(count(MetricPostponed, "changes and writes put off because the platform did not answer, or another write was under way")),
		count(MetricRateLimited, "changes and writes put off because the platform limits our calls"),
		logged(count(MetricRetries, "messages that failed and come again")),
		logged(count(MetricMalformed, "messages that no release of ours wrote")),
		count(MetricWrites, "writes that the platform took"),
		logged(count(MetricRefused, "writes that the platform refused; recorded, and not tried again unchanged")),
		{Name: MetricHeld, Unit: "Count", Statistic: "Sum", Dimensions: byGroup,
			Means: "writes held by a limit of spread until a person releases it", Logged: true},
		{Name: MetricLag, Unit: "Milliseconds", Statistic: "p95", Dimensions: byConnection,
			Means: "from when we first saw a change to its write on this connection"},
		logged(count(MetricRequests, "calls of the platform's API")),
		logged(count(MetricUnanswered, "calls of the platform's API that got no answer, or a failure of its own")),
		count(MetricDrift, "differences that a reconcile found and no webhook or poll had told of"),
		state(MetricWaiting, "Count", "pieces of work that wait for a person, at the last sweep"),
		state(MetricBreaker, "Count", "breakers open at the last sweep: limits of spread reached, records written too often in an hour"),
		{Name: MetricPaused, Unit: "Count", Statistic: "Maximum", Dimensions: byConnection,
			Means: "1 while a person has paused the connection; not written otherwise", Seldom: true, Logged: true},
		state(MetricUnauthorised, "Count", "1 while the platform has ended our authorisation, so that the connection is paused until it is "+
			"connected again; 0 after each poll that ended well, and nothing after one that failed"),
		logged(state(MetricTokenAgeDays, "None", "days since the platform last renewed our authorisation")),
		{Name: MetricWebhooks, Unit: "Count", Statistic: "Sum", Dimensions: byResult,
			Means: "webhook requests: queued, unauthorised, malformed, too_large, unknown_route, no_secret, not_queued"},
		{Name: MetricHints, Unit: "Count", Statistic: "Sum", Dimensions: byResult,
			Means: "change records in the webhook requests that were queued", Logged: true},
	}
}

// Ends lists the metrics that a change record can end in: their sum is MetricAccepted once queues are empty, exactly but
// for what SQS delivers twice.
func Ends() []string {
	return []string{MetricApplied, MetricNoop, MetricSuperseded, MetricParked, MetricDeadLettered}
}
