package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// finding is what cdk-nag says of one construct: "AwsSolutions-IAM5[Resource::*]".
type finding struct{ path, rule string }

// explained lists the findings that are meant, each with its reason. One that is not here fails the test, and so does an
// entry that no finding needs any more.
var explained = []struct{ rule, path, reason string }{
	{"AwsSolutions-APIG4", "^Api/Http/POST--webhooks--",
		"Vendors send webhooks without an authorisation of ours. Each is verified by its platform's signature over the raw body, in the " +
			"function, before anything is queued"},
	{"AwsSolutions-APIG4", "^Api/Http/GET--connect--",
		"A browser that comes back from a vendor's page carries no authorisation of ours. It is shown one fixed page; nothing of its address " +
			"is read, kept or told"},
	{"AwsSolutions-IAM5[Resource::*]", "^Functions/[^/]+/Role/DefaultPolicy/Resource$",
		"Only xray:PutTraceSegments and xray:PutTelemetryRecords, which AWS defines for no resource; access_test.go fails for any other"},
	{"AwsSolutions-IAM5[Resource::*]", "^Operators/(Reader|Operator)/Resource$",
		"Only lambda:GetAccountSettings, which AWS defines for no resource"},
	{"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:*]", "^Operators/(Reader|Operator)/Resource$",
		"Queues are told by the stack's tag: named one by one, they would not fit a policy; access_test.go holds the condition"},
	{"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudformation:<AWS::Region>:<AWS::AccountId>:stack/CDKToolkit/*]",
		"^Operators/(Reader|Operator)/Resource$", "CDK's own stack, looked at alone, whose ARN ends in an id that nobody knows before"},
	{"AwsSolutions-SMG4", "^Secrets/App-", "The vendor issues these credentials, and only a person can renew them there; functions read " +
		"them again every five minutes"},
	{"AwsSolutions-SMG4", "^Secrets/Match/", "Its hashes are keys of the cross-reference: another secret would make every record unknown"},
	{"Serverless-SQSRedrivePolicy", "^Queues/[^/]+/Dead/", "It is itself a dead-letter queue, with an alarm"},
	{"Serverless-LambdaDLQ", "^Functions/", "Queue consumers have the queue's dead letters, the API's caller is answered, and a scheduled " +
		"call that failed goes on where it stopped at the next one"},
	{"Serverless-LambdaAsyncFailureDestination", "^Functions/(poller|sweeper)/",
		"A scheduled call carries nothing that could be lost: the next goes on where it stopped, and its errors are alarmed"},
	{"Serverless-LambdaEventSourceMappingDestination", "^Functions/",
		"An SQS source keeps what fails in its queue and then in its dead-letter queue; destinations are for streams"},
	{"Serverless-EventBusDLQ", "^Relay-[^/]+/Rule$",
		"Events carry values and are only hints: what is not handed over in a day is found by a poll, and alarmed"},
}

// nagging has cdk-nag look at a whole app.
func nagging(app awscdk.App) {
	quiet := &cdknag.NagPackProps{Reports: jsii.Bool(false), Verbose: jsii.Bool(false)}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(quiet), nil)
	awscdk.Aspects_Of(app).Add(cdknag.NewServerlessChecks(quiet), nil)
}

// findings lists what cdk-nag said of a synthesised stack, its errors and its warnings.
func findings(stack awscdk.Stack) []finding {
	annotations, nag := assertions.Annotations_FromStack(stack),
		assertions.Match_StringLikeRegexp(jsii.String(`^(AwsSolutions|Serverless|CdkNag)`))
	var out []finding
	for _, m := range slices.Concat(*annotations.FindError(jsii.String("*"), nag), *annotations.FindWarning(jsii.String("*"), nag)) {
		//lint:ignore SA1019 the Go bindings of this release have no other way to what an annotation says
		rule, _, _ := strings.Cut(strings.TrimSpace(fmt.Sprint(m.Entry.Data)), ": ")
		//lint:ignore SA1019 as above
		_, path, _ := strings.Cut(strings.TrimPrefix(*m.Id, "/"), "/")
		out = append(out, finding{path: path, rule: rule})
	}
	return out
}

func TestNagFindsNothingUnexplained(t *testing.T) {
	used := make([]int, len(explained))
	for _, file := range []string{exampleFile, domainsFile, relayedFile} {
		found := stackOf(t, file).findings
		if len(found) == 0 {
			t.Fatalf("%s: cdk-nag found nothing at all, not even what is meant: it did not look", file)
		}
		for _, f := range found {
			i := slices.IndexFunc(explained, func(e struct{ rule, path, reason string }) bool {
				return e.rule == f.rule && regexp.MustCompile(e.path).MatchString(f.path)
			})
			if i < 0 {
				t.Errorf("%s: %s on %s: mend it, or explain it", file, f.rule, f.path)
				continue
			}
			used[i]++
		}
	}
	for i, e := range explained {
		if used[i] == 0 {
			t.Errorf("nothing is found that needs the explanation of %s on %s: take it out", e.rule, e.path)
		}
		t.Logf("%3d %s: %s", used[i], e.rule, e.reason)
	}
}
