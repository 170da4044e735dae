package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/operator/cost"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// The grid of a dashboard is 24 wide.
const (
	wide   = 24
	third  = 8
	tall   = 6
	step   = 5 * time.Minute
	hourly = time.Hour
)

// DashboardsProps says what dashboards show.
type DashboardsProps struct {
	Deployment config.Deployment
	Metrics    metrics
	Queues     *Queues
	State      *State
	Functions  *Functions
	Alarms     *Alarms
}

// NewDashboards makes a dashboard for each group: what a person looks at first on top, causes below.
func NewDashboards(scope constructs.Construct, id string, props DashboardsProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	for _, g := range props.Deployment.Groups {
		d := board{DashboardsProps: props, group: g}
		dashboard := awscloudwatch.NewDashboard(scope, jsii.String(string(g.Name)),
			&awscloudwatch.DashboardProps{DefaultInterval: awscdk.Duration_Hours(jsii.Number(24))})
		dashboard.AddWidgets(d.title())
		dashboard.AddWidgets(d.page())
		dashboard.AddWidgets(d.alarms())
		for _, row := range [][]awscloudwatch.IWidget{d.delay(), d.balances(), d.troubles(), d.health(), d.spending()} {
			dashboard.AddWidgets(row...)
		}
		output(scope, "Dashboard"+unfit.ReplaceAllString(string(g.Name), ""), "The dashboard of group "+string(g.Name), dashboard.DashboardName())
	}
}

// board is the dashboard of one group.
type board struct {
	DashboardsProps
	group config.DeployedGroup
}

func (d board) title() awscloudwatch.IWidget {
	var members []string
	for _, c := range d.group.Members {
		members = append(members, string(c))
	}
	text := fmt.Sprintf("# %s\n**%s** is the hub of %s. An alarm says what happened and what to do; the rows below it show why. Every "+
		"accepted change ends as one of applied, noop, superseded, parked or dead-lettered: the balance is what is still on its way.",
		d.group.Name, members[0], strings.Join(members[1:], ", "))
	return awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{Markdown: jsii.String(text), Width: jsii.Number(wide),
		Height: jsii.Number(3)})
}

// page is the Syncs page.
func (d board) page() awscloudwatch.IWidget {
	return awscloudwatch.NewCustomWidget(&awscloudwatch.CustomWidgetProps{Title: jsii.String("Syncs"),
		FunctionArn: d.Functions.Widget.FunctionArn(),
		Params:      map[string]any{"group": string(d.group.Name)}, Width: jsii.Number(wide), Height: jsii.Number(2 * tall),
		UpdateOnResize: jsii.Bool(false)})
}

// alarms shows the state of every alarm on the group's members, and of those on no connection.
func (d board) alarms() awscloudwatch.IWidget {
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, c := range append([]record.Connection{""}, d.group.Members...) {
		for _, alarm := range d.Alarms.of[c] {
			alarms = append(alarms, alarm)
		}
	}
	return awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{Title: jsii.String("Alarms"), Alarms: &alarms,
		Width: jsii.Number(wide), Height: jsii.Number(4)})
}

// delay shows how late changes are, what waits in queues, and for how many days queues still keep it.
func (d board) delay() []awscloudwatch.IWidget {
	var lag, age, left []awscloudwatch.IMetric
	for i, c := range d.group.Members {
		lag = append(lag, d.own(config.MetricLag, step, c, ""))
		using := map[string]awscloudwatch.IMetric{}
		for _, kind := range []record.QueueKind{record.QueueChanges, record.QueueDue} {
			oldest := d.Queues.Of(kind, c).Queue.MetricApproximateAgeOfOldestMessage(&awscloudwatch.MetricOptions{Period: minutes(step),
				Statistic: jsii.String("Maximum"), Label: jsii.String(string(record.QueueOf(kind, c)))})
			age = append(age, oldest)
			using[fmt.Sprintf("%s%d", kind, i)] = oldest
		}
		left = append(left, awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{Label: jsii.String(string(c)),
			Period: minutes(step), UsingMetrics: &using,
			Expression: jsii.String(fmt.Sprintf("%d - MAX([changes%d, due%d]) / 86400", retentionDays, i, i))}))
	}
	return []awscloudwatch.IWidget{
		graph("Lag: from change seen to written, ms, 95th percentile", lag),
		graph("Age of the oldest message, seconds", age),
		awscloudwatch.NewSingleValueWidget(&awscloudwatch.SingleValueWidgetProps{
			Title: jsii.String("Days that queues still keep the oldest message"), Metrics: &left, Width: jsii.Number(third),
			Height: jsii.Number(tall)}),
	}
}

// queried draws what functions wrote into their logs, summed over members: a query of the log costs a cent for two gigabytes,
// where a metric costs $0.30 a month for each connection, looked at or not.
func (d board) queried(
	title, stats string, view awscloudwatch.LogQueryVisualizationType, members ...record.Connection,
) awscloudwatch.IWidget {
	var groups []*string
	for _, fn := range d.Functions.all {
		groups = append(groups, fn.fn.LogGroup().LogGroupName())
	}
	var quoted []string
	for _, c := range members {
		quoted = append(quoted, "'"+string(c)+"'")
	}
	query := fmt.Sprintf("filter stack = '%s' and connection in [%s] | stats %s", d.Metrics.stack, strings.Join(quoted, ", "), stats)
	return awscloudwatch.NewLogQueryWidget(&awscloudwatch.LogQueryWidgetProps{Title: jsii.String(title), LogGroupNames: &groups,
		QueryString: jsii.String(query), View: view, Width: jsii.Number(third), Height: jsii.Number(tall)})
}

// hourlySums is a query's part that sums up numbers of the log for each hour.
func hourlySums(names ...string) string {
	var sums []string
	for _, name := range names {
		sums = append(sums, "sum("+name+") as "+name+"_")
	}
	return strings.Join(sums, ", ") + " by bin(1h)"
}

// balances shows for each member what came in and what became of it.
func (d board) balances() []awscloudwatch.IWidget {
	var widgets []awscloudwatch.IWidget
	for _, c := range d.group.Members {
		widgets = append(widgets, d.queried(string(c)+": accepted changes and their ends, an hour",
			hourlySums(append([]string{config.MetricAccepted}, config.Ends()...)...), awscloudwatch.LogQueryVisualizationType_LINE, c))
	}
	return widgets
}

// troubles shows what was tried again, put off, limited, refused and held.
func (d board) troubles() []awscloudwatch.IWidget {
	line := awscloudwatch.LogQueryVisualizationType_LINE
	return []awscloudwatch.IWidget{
		d.queried("Retries, work put off, calls unanswered, an hour",
			hourlySums(config.MetricRetries, config.MetricPostponed, config.MetricUnanswered), line, d.group.Members...),
		graph("Waits for rate limits, an hour", d.each(hourly, config.MetricRateLimited)),
		d.queried("Refused by the platform, malformed, held by a limit of spread, an hour",
			hourlySums(config.MetricRefused, config.MetricMalformed, config.MetricHeld), line, d.group.Members...),
	}
}

// health shows echoes, drift and parked work, and how fresh each authorisation is.
func (d board) health() []awscloudwatch.IWidget {
	return []awscloudwatch.IWidget{
		d.queried("Echo share: our own writes among what platforms tell, %",
			fmt.Sprintf("100 * sum(%s) / sum(%s) as percent by bin(1h)", config.MetricEchoes, config.MetricAccepted),
			awscloudwatch.LogQueryVisualizationType_LINE, d.group.Members...),
		graph("Waits for a person, breakers open, drift that a reconcile found; 1 while an authorisation is over",
			d.each(hourly, config.MetricWaiting, config.MetricBreaker, config.MetricDrift, config.MetricUnauthorised)),
		d.queried("Days since the authorisation was renewed; 1 where a person paused it",
			fmt.Sprintf("latest(%s) as days, max(%s) as paused_ by connection", config.MetricTokenAgeDays, config.MetricPaused),
			awscloudwatch.LogQueryVisualizationType_TABLE, d.group.Members...),
	}
}

// spending shows calls of the platforms, which their quotas count, and what the stack's own requests cost.
func (d board) spending() []awscloudwatch.IWidget {
	dollars := awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String("What this stack's requests cost an hour, $, list prices of " + cost.PricesDate), Left: d.dollars(),
		Stacked: jsii.Bool(true), Width: jsii.Number(third), Height: jsii.Number(tall)})
	return []awscloudwatch.IWidget{d.queried("Calls of the platform, an hour",
		"sum("+config.MetricRequests+") as calls by bin(1h), connection",
		awscloudwatch.LogQueryVisualizationType_LINE, d.group.Members...),
		graph("Writes taken by the platform, an hour", d.each(hourly, config.MetricWrites)), dollars}
}

// dollars prices what AWS itself counts: units of the tables, calls and time of the functions, messages of the queues.
func (d board) dollars() *[]awscloudwatch.IMetric {
	units := func(name string) (string, map[string]awscloudwatch.IMetric) {
		using := map[string]awscloudwatch.IMetric{}
		var sum []string
		for i, table := range store.Tables() {
			id := fmt.Sprintf("%c%d", name[len("Consumed")]|0x20, i)
			using[id] = awscloudwatch.NewMetric(&awscloudwatch.MetricProps{Namespace: jsii.String("AWS/DynamoDB"), MetricName: jsii.String(name),
				Statistic: jsii.String("Sum"), Period: minutes(hourly),
				DimensionsMap: &map[string]*string{"TableName": d.State.TableName(table)}})
			sum = append(sum, "FILL("+id+", 0)")
		}
		return strings.Join(sum, " + "), using
	}
	priced := func(label, expression string, price cost.Price, using map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
		return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{Label: jsii.String(label), Period: minutes(hourly),
			UsingMetrics: &using, Expression: jsii.String("(" + expression + ") * " + decimal(price.Each()))})
	}
	written, writes := units("ConsumedWriteCapacityUnits")
	readUnits, reads := units("ConsumedReadCapacityUnits")
	var seconds, sent []string
	times, messages := map[string]awscloudwatch.IMetric{}, map[string]awscloudwatch.IMetric{}
	for i, fn := range d.Functions.all {
		id := fmt.Sprintf("t%d", i)
		times[id] = fn.fn.MetricDuration(&awscloudwatch.MetricOptions{Period: minutes(hourly), Statistic: jsii.String("Sum")})
		seconds = append(seconds, "FILL("+id+", 0) * "+decimal(float64(sizes[fn.kind].memoryMB)/1024/1000))
	}
	for i, c := range d.group.Members {
		for _, kind := range record.QueueKinds() {
			id := fmt.Sprintf("%s%d", kind, i)
			messages[id] = d.Queues.Of(kind, c).Queue.MetricNumberOfMessagesSent(&awscloudwatch.MetricOptions{Period: minutes(hourly),
				Statistic: jsii.String("Sum")})
			sent = append(sent, "FILL("+id+", 0)")
		}
	}
	return &[]awscloudwatch.IMetric{
		priced("DynamoDB writes", written, cost.DynamoWrite, writes), priced("DynamoDB reads", readUnits, cost.DynamoRead, reads),
		priced("Lambda time", strings.Join(seconds, " + "), cost.LambdaGBSecond, times),
		// A message is sent, received and deleted, each by tens or by itself: three requests are the most.
		priced("SQS, at most", "3 * ("+strings.Join(sent, " + ")+")", cost.SQSRequest, messages),
	}
}

// decimal writes a number without an exponent, of which a metric expression makes an id: 4e-07 warns at every synth and is
// no number to CloudWatch. Twelve places are a millionth of a cent's price for a million requests.
func decimal(x float64) string {
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(x, 'f', 12, 64), "0"), ".")
}

// own is a metric of one connection; label "" is the connection's name.
func (d board) own(name string, period time.Duration, c record.Connection, label string) awscloudwatch.IMetric {
	if label == "" {
		label = string(c)
	}
	return d.Metrics.of(name, period, string(c)).With(&awscloudwatch.MetricOptions{Label: jsii.String(label)})
}

// each is several metrics of every member.
func (d board) each(period time.Duration, names ...string) []awscloudwatch.IMetric {
	var out []awscloudwatch.IMetric
	for _, c := range d.group.Members {
		for _, name := range names {
			out = append(out, d.own(name, period, c, string(c)+" "+strings.ReplaceAll(name, "_", " ")))
		}
	}
	return out
}

func graph(title string, metrics []awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &metrics, Width: jsii.Number(third),
		Height:    jsii.Number(tall),
		LeftYAxis: &awscloudwatch.YAxisProps{Min: jsii.Number(0)}})
}
