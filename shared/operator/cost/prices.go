// Package cost turns requests and resources into dollars: list prices, dated and with their sources, and sums over them.
// It is pure: it asks no service for a price. What AWS gives every account for nothing each month is an account's and not a
// stack's, so that it is told apart.
package cost

// PricesDate is when the prices were read, and PricesRegion where they hold.
const (
	PricesDate   = "2026-11"
	PricesRegion = "us-east-1 (N. Virginia)"
)

// Price is the price of one unit.
type Price struct {
	// Dollars are for Per units, as the list says it.
	Dollars float64
	Per     float64
	// Unit names one: "write unit", "alarm-month".
	Unit string
	// Source is where it is listed.
	Source string
}

// Each gives the dollars of one unit.
func (p Price) Each() float64 { return p.Dollars / p.Per }

const million = 1_000_000

// The prices of requests.
var (
	DynamoWrite = Price{0.625, million, "write unit of 1 KB, on demand; doubled in a transaction",
		"aws.amazon.com/dynamodb/pricing/on-demand"}
	DynamoRead     = Price{0.125, million, "read unit of 4 KB, strong; half where eventual", "aws.amazon.com/dynamodb/pricing/on-demand"}
	SQSRequest     = Price{0.40, million, "request of up to 64 KB, standard queue", "aws.amazon.com/sqs/pricing"}
	LambdaRequest  = Price{0.20, million, "call", "aws.amazon.com/lambda/pricing"}
	LambdaGBSecond = Price{0.0000133334, 1, "GB-second, arm64", "aws.amazon.com/lambda/pricing"}
	APIRequest     = Price{1.00, million, "request of up to 512 KB, HTTP API", "aws.amazon.com/api-gateway/pricing"}
	SchedulerCall  = Price{1.00, million, "scheduled call", "aws.amazon.com/eventbridge/pricing"}
	RelayedEvent   = Price{1.20, million, "event relayed by a partner's bus to an API destination: 1.00 for the event, 0.20 for the call",
		"aws.amazon.com/eventbridge/pricing"}
	KMSRequest      = Price{0.03, 10_000, "request", "aws.amazon.com/kms/pricing"}
	SecretRead      = Price{0.05, 10_000, "call", "aws.amazon.com/secrets-manager/pricing"}
	Trace           = Price{5.00, million, "trace recorded", "aws.amazon.com/xray/pricing"}
	LogGB           = Price{0.50, 1, "GB taken in", "aws.amazon.com/cloudwatch/pricing"}
	DataOutGB       = Price{0.09, 1, "GB to the internet", "aws.amazon.com/ec2/pricing/on-demand"}
	DynamoStorageGB = Price{0.25, 1, "GB-month stored", "aws.amazon.com/dynamodb/pricing/on-demand"}
	DynamoBackupGB  = Price{0.20, 1, "GB-month of point-in-time recovery", "aws.amazon.com/dynamodb/pricing/on-demand"}
)

// The prices of what is there, used or not, a month.
var (
	KeyMonth       = Price{1.00, 1, "key-month", "aws.amazon.com/kms/pricing"}
	SecretMonth    = Price{0.40, 1, "secret-month", "aws.amazon.com/secrets-manager/pricing"}
	AlarmMonth     = Price{0.10, 1, "alarm-month, for each metric that it looks at", "aws.amazon.com/cloudwatch/pricing"}
	MetricMonth    = Price{0.30, 1, "custom metric-month, for the hours in which it is written", "aws.amazon.com/cloudwatch/pricing"}
	DashboardMonth = Price{3.00, 1, "dashboard-month", "aws.amazon.com/cloudwatch/pricing"}
)

// free is what every account gets for nothing each month, for ever, in units of a price (aws.amazon.com/free, "always free", and
// each service's page of prices, read 2026-12). DynamoDB's and API Gateway's are none: not on demand, and for a year alone.
func free() map[string]float64 {
	return map[string]float64{MetricMonth.Unit: 10, AlarmMonth.Unit: 10, DashboardMonth.Unit: 3, SQSRequest.Unit: million,
		LambdaRequest.Unit: million, LambdaGBSecond.Unit: 400_000, KMSRequest.Unit: 20_000, Trace.Unit: 100_000, LogGB.Unit: 5,
		SchedulerCall.Unit: 14 * million, DataOutGB.Unit: 100, DynamoStorageGB.Unit: 25}
}

// Free gives what lines cost less by what an account gets for nothing, if nothing else in it uses that.
func Free(lines []Line) float64 {
	counted := map[string]float64{}
	each := map[string]float64{}
	for _, l := range lines {
		counted[l.Unit] += l.Count
		if l.Count > 0 {
			each[l.Unit] = l.Dollars / l.Count
		}
	}
	total := 0.0
	for unit, n := range free() {
		total += min(n, counted[unit]) * each[unit]
	}
	return total
}

// Prices lists every price by a name for it.
func Prices() map[string]Price {
	return map[string]Price{"dynamodb write": DynamoWrite, "dynamodb read": DynamoRead, "sqs request": SQSRequest,
		"lambda call": LambdaRequest,
		"lambda time": LambdaGBSecond,
		"api request": APIRequest, "scheduler call": SchedulerCall, "relayed event": RelayedEvent, "kms request": KMSRequest,
		"secret read": SecretRead, "x-ray trace": Trace,
		"log": LogGB, "data out": DataOutGB, "dynamodb storage": DynamoStorageGB, "dynamodb backup": DynamoBackupGB,
		"key": KeyMonth, "secret": SecretMonth, "alarm": AlarmMonth, "custom metric": MetricMonth, "dashboard": DashboardMonth}
}
