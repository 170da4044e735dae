package main

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// When somebody is told.
const (
	// lagMinutesMax is how much longer than its schedule a change may take to be written, for 19 of 20.
	lagMinutesMax = 30
	// limitedMinutes is how long a platform may limit our calls without a break; a first load does that for hours, and is
	// then the reason.
	limitedMinutes = 60
	// driftMax is how many differences a day's reading of everything may find that nothing had told of. A few are races.
	driftMax = 10
	// unverifiedMax is how many requests in a quarter of an hour may fail to prove that they come from the platform.
	unverifiedMax = 20
)

// metrics gives our metrics of one stack, by the names and dimensions that package config states.
type metrics struct{ stack string }

// of gives a metric over a period with its own statistic. values are those of its dimensions after the stack.
func (m metrics) of(name string, period time.Duration, values ...string) awscloudwatch.Metric {
	for _, known := range config.Metrics() {
		if known.Name != name {
			continue
		}
		if len(values) != len(known.Dimensions)-1 {
			panic(fmt.Sprintf("metric %s has the dimensions %v, and is asked for with %v", name, known.Dimensions, values))
		}
		dimensions := map[string]*string{config.DimensionStack: jsii.String(m.stack)}
		for i, value := range values {
			dimensions[known.Dimensions[i+1]] = jsii.String(value)
		}
		return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String(config.MetricNamespace), MetricName: jsii.String(name),
			Statistic: jsii.String(known.Statistic), Period: minutes(period), DimensionsMap: &dimensions})
	}
	panic("no metric is called " + name) // package config names them all
}

func minutes(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Minutes(jsii.Number(d.Minutes()))
}

// WatchProps says what to watch.
type WatchProps struct {
	Deployment config.Deployment
	Metrics    metrics
	Alarms     *Alarms
}

// NewWatch makes the alarms on what functions count. Those on queues and functions are beside them.
func NewWatch(scope constructs.Construct, id string, props WatchProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	for _, c := range props.Deployment.Connections {
		watchConnection(constructs.NewConstruct(scope, jsii.String(string(c.Name))), c, props)
	}
	watchRuns(scope, props)
	for _, p := range props.Deployment.Webhooks {
		watchWebhooks(constructs.NewConstruct(scope, jsii.String("webhooks-"+string(p))), p, props)
	}
}

func watchConnection(scope constructs.Construct, c config.Deployed, props WatchProps) {
	name, a := string(c.Name), props.Alarms
	add := func(id string, p AlarmProps) {
		p.Connection = c.Name
		a.Add(scope, id, p)
	}
	allowed := c.Patience + lagMinutesMax*time.Minute
	add("Lag", AlarmProps{
		Description: fmt.Sprintf("Changes reach %s later than %s after they were seen. Nothing is lost, and it goes on by itself where %s "+
			"limits our calls or did not answer for a while; see its dashboard for which of these it is, and run: %s. After a pause that a "+
			"person ended it is expected", name, allowed, name, a.command("status")),
		Metric: props.Metrics.of(config.MetricLag, 5*time.Minute, name), Threshold: float64(allowed.Milliseconds()), Periods: 3})
	add("Authorisation", AlarmProps{
		// A person's pause is another metric: it is no fault, and wakes nobody. The page and the daily digest tell of it.
		Description: fmt.Sprintf("%s ended our authorisation, so nothing is read from it or written to it. Run: %s and it goes on from where "+
			"it stopped. Until then nothing is lost: what it should get stays due in our tables, and each change that it tells is sent to its "+
			"queue again every quarter of an hour, so that none reaches the %d days that a queue keeps a message; its dashboard shows the days "+
			"left. %s says since when", name, a.command("connect "+name+" --again"), retentionDays, a.command("status")),
		// It is told by polls, and by them alone: between them, and outside their hours, it is as it was.
		Metric: props.Metrics.of(config.MetricUnauthorised, time.Hour, name), Threshold: 1, Periods: 1,
		Missing: awscloudwatch.TreatMissingData_IGNORE})
	if quiet := props.Deployment.QuietFor(config.Poller, c.Name); quiet > 0 {
		add("Polls", AlarmProps{
			Description: fmt.Sprintf("No poll of %s has ended well for %s: the platform does not answer, every answer fails, or nothing polls it "+
				"(no configuration is active, the scheduler or the poller does not run). Nothing is lost: it is read on from where it stopped. %s "+
				"says which it is and since when; if nothing is active yet: %s", name, hours(quiet), a.command("status"), a.command("activate")),
			Metric:    sampled(props.Metrics.of(config.MetricUnauthorised, time.Hour, name)),
			Threshold: 1, Periods: int(quiet / time.Hour), Silence: true})
	}
	add("Breaker", AlarmProps{
		Description: fmt.Sprintf("Writes to or from %s are held: more of them in an hour than the group's limits allow, or an automation "+
			"there and we rewrite each other. Nothing of it is written until a person looks: %s shows what is held; undo it at its source, or "+
			"let it go with %s", name, a.command("status"), a.command("release "+name)),
		Metric: props.Metrics.of(config.MetricBreaker, time.Hour, name), Threshold: 1, Periods: 1,
		Missing: awscloudwatch.TreatMissingData_IGNORE})
	add("Quota", AlarmProps{
		Description: fmt.Sprintf("%s has limited our calls for %d minutes without a break. During a first load that is expected. Else another "+
			"program uses up its quota, or it is too small for what changes: see the requests on its dashboard, and lengthen the periods in the "+
			"configuration. What waits for it: %s", name, limitedMinutes, a.command("status")),
		Metric: props.Metrics.of(config.MetricRateLimited, 5*time.Minute, name), Threshold: 1, Periods: limitedMinutes / 5})
	add("Drift", AlarmProps{
		Description: fmt.Sprintf("Reading everything of %s found %d or more differences in a day of which no webhook and no poll had told. "+
			"They are mended; but its webhooks probably do not arrive: check the subscription and its URL at the platform. Run: %s", name, driftMax,
			a.command("check")),
		Metric: props.Metrics.of(config.MetricDrift, 24*time.Hour, name), Threshold: driftMax, Periods: 1})
}

// watchRuns alarms where what should run for every connection does not.
func watchRuns(scope constructs.Construct, props WatchProps) {
	a := props.Alarms
	using, total := map[string]awscloudwatch.IMetric{}, ""
	for i, c := range props.Deployment.Connections {
		id := fmt.Sprintf("sweeps%d", i)
		using[id] = sampled(props.Metrics.of(config.MetricWaiting, time.Hour, string(c.Name)))
		if total != "" {
			total += " + "
		}
		total += "FILL(" + id + ", 0)"
	}
	quiet := props.Deployment.QuietFor(config.Sweeper, "")
	if quiet > 0 {
		a.Add(scope, "Sweeps", AlarmProps{
			Description: fmt.Sprintf("No sweep has ended well for %s: what was lost on the way, or waits for an hour, is not sent. See the log of "+
				"the sweeper, and that a configuration is active: %s", hours(quiet), a.command("status")),
			Metric: awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{Label: jsii.String("sweeps that ended well"),
				Period: minutes(time.Hour), UsingMetrics: &using, Expression: jsii.String(total)}),
			Threshold: 1, Periods: int(quiet / time.Hour), Silence: true})
	}
	// These are of the whole account and region, which share what they count: one alarm each, where one for each function would
	// cost ten times as much and hear less.
	for _, w := range []struct {
		id, metric string
		periods    int
		words      string
	}{
		{"Throttles", "Throttles", 2, "Lambda refuses calls in this account and region, because too many functions run at once. Queues wait, " +
			"webhooks may be refused, and a message that is refused again and again is set aside. Run: %s tells the limit and how to raise it"},
		{"Dropped", "AsyncEventsDropped", 1, "Lambda gave up on calls in this account and region that it had queued: a poll, a sweep or " +
			"the digest was not made, if the function is ours. The next goes on where it stopped. Run: %s and see the throttles and errors"},
		{"Loops", "RecursiveInvocationsDropped", 1, "Lambda ended a loop of calls in this account and region. Ours bound their own, and the " +
			"stack allows them; if the function is ours, somebody has changed its recursive loop detection: set it to Allow. Run: %s"},
	} {
		a.Add(scope, w.id, AlarmProps{Description: fmt.Sprintf(w.words, a.command("doctor")),
			Metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/Lambda"), MetricName: jsii.String(w.metric),
				Statistic: jsii.String("Sum"), Period: minutes(15 * time.Minute)}),
			Threshold: 1, Periods: w.periods})
	}
}

// sampled counts how often a metric was told, whatever it said.
func sampled(m awscloudwatch.Metric) awscloudwatch.IMetric {
	return m.With(&awscloudwatch.MetricOptions{Statistic: jsii.String("SampleCount")})
}

// hours writes a whole number of hours.
func hours(d time.Duration) string { return fmt.Sprintf("%d hours", int(d/time.Hour)) }

// watchWebhooks alarms where a platform does not call us, or somebody else does in its name. A platform reports our own
// writes back, so where we write and hear nothing, it does not call.
func watchWebhooks(scope constructs.Construct, p record.Platform, props WatchProps) {
	using := map[string]awscloudwatch.IMetric{"hints": props.Metrics.of(config.MetricWebhooks, time.Hour, string(p), "queued")}
	written := ""
	for _, c := range props.Deployment.Connections {
		if c.Platform != p || relayless(props.Deployment, c) {
			continue
		}
		id := fmt.Sprintf("writes%d", len(using))
		using[id] = props.Metrics.of(config.MetricWrites, time.Hour, string(c.Name))
		if written != "" {
			written += " + "
		}
		written += "FILL(" + id + ", 0)"
	}
	if written == "" {
		return
	}
	props.Alarms.Add(scope, "Missing", AlarmProps{
		Description: fmt.Sprintf("We write to %s and its webhooks report none of it. Polls find what changes, only later. Check at the "+
			"platform that the app's webhooks are on and go to the URL that the stack's outputs name. Run: %s tells which of them are in force", p,
			props.Alarms.command("check")),
		Metric: awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{Label: jsii.String("1 where writes are not reported back"),
			Period: minutes(time.Hour), UsingMetrics: &using,
			Expression: jsii.String(fmt.Sprintf("IF(%s >= %d AND FILL(hints, 0) == 0, 1, 0)", written, config.WritesTold))}),
		Threshold: 1, Periods: config.SilentHours})
	props.Alarms.Add(scope, "Unverified", AlarmProps{
		Description: fmt.Sprintf("Requests to the webhook URL of %s do not prove that they come from it. They are refused and do no harm. If "+
			"its real ones are among them, the webhook_secret in the app's secret is not the app's: put it right, functions read it within five "+
			"minutes. Whether real ones come through: %s", p, props.Alarms.command("check")),
		Metric: props.Metrics.of(config.MetricWebhooks, 15*time.Minute, string(p), "unauthorised"), Threshold: unverifiedMax, Periods: 2})
}

// relayless reports whether a connection's platform calls us by an event bus only, and it has none.
func relayless(d config.Deployment, c config.Deployed) bool {
	for _, p := range d.Relayed {
		if p == c.Platform {
			return c.EventSource == ""
		}
	}
	return false
}
