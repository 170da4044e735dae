package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Tags by which a resource says what it is for, and outputs, as infra sets them; a test holds the two together.
const (
	tagConnection = "fluxcascade:connection"
	tagFunction   = "fluxcascade:function"
	tagQueue      = "fluxcascade:queue"
	tagTable      = "fluxcascade:table"
	tagStack      = "fluxcascade:stack"

	outputWebhook   = "WebhookURL"
	outputAppSecret = "AppSecret"
)

// resourcePagesMax bounds the walk over a stack's resources: CloudFormation takes 500, 100 a page.
const resourcePagesMax = 20

// parts are a stack's resources by what they are for.
type parts struct {
	tables    map[store.Table]string
	queues    map[queue.Name]string // URLs, dead-letter queues included
	functions map[config.Function]string
	apps      map[record.Platform]string // ARNs
	match     string
	publicURL string
}

// stackPagesMax bounds the walk over an account's stacks, 100 a page: an account has 2,000 unless it asked for more
// (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html, read 2026-12).
const stackPagesMax = 20

// template is what we read of one.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties struct {
			Tags        json.RawMessage
			Environment struct{ Variables map[string]json.RawMessage }
		}
	}
	Outputs map[string]struct{ Value json.RawMessage }
}

func findParts(ctx context.Context, stack string, clients Clients) (*parts, error) {
	answer, err := clients.CloudFormation.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(stack)})
	if err != nil {
		return nil, noTemplate(ctx, stack, clients, awsclient.Classify("read its template", err))
	}
	var t template
	if err := json.Unmarshal([]byte(aws.ToString(answer.TemplateBody)), &t); err != nil {
		return nil, errors.New("its template is not the JSON that cdk deploys")
	}
	physical, err := physicalIDs(ctx, stack, clients)
	if err != nil {
		return nil, err
	}
	p := read(&t, physical)
	for _, table := range store.Tables() {
		if p.tables[table] == "" {
			return nil, errors.New("it is no stack of FluxCascade: no table is tagged " + tagTable + "=" + string(table))
		}
	}
	return p, p.readURL(ctx, stack, clients)
}

// noTemplate says, of a stack that is not there, where it was looked for and which of ours are there. CloudFormation calls
// that a ValidationError (docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html, read 2026-12).
func noTemplate(ctx context.Context, stack string, clients Clients, err error) error {
	if fault.CodeOf(err) != "ValidationError" {
		return err
	}
	where := "the account and region that were asked"
	if clients.Where != nil {
		where = clients.Where(ctx)
	}
	return fmt.Errorf("there is no such stack in %s. %s. Is it in another region, give --region; in another account, set AWS_PROFILE; "+
		"not deployed yet: see fluxcascade guide aws", where, ours(ctx, clients))
}

// ours lists the stacks of FluxCascade that are there, as a sentence without its full stop.
func ours(ctx context.Context, clients Clients) string {
	pages := cloudformation.NewDescribeStacksPaginator(clients.CloudFormation, &cloudformation.DescribeStacksInput{})
	var names []string
	for range stackPagesMax {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "Which stacks are there, these credentials may not list"
		}
		for _, s := range page.Stacks {
			for _, tag := range s.Tags {
				if aws.ToString(tag.Key) == tagStack {
					names = append(names, aws.ToString(s.StackName))
				}
			}
		}
	}
	if len(names) == 0 {
		return "No stack of FluxCascade is there"
	}
	slices.Sort(names)
	return "These of FluxCascade are there: " + strings.Join(names, ", ")
}

func physicalIDs(ctx context.Context, stack string, clients Clients) (map[string]string, error) {
	ids := map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(clients.CloudFormation,
		&cloudformation.ListStackResourcesInput{StackName: aws.String(stack)})
	for range resourcePagesMax {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsclient.Classify("list its resources", err)
		}
		for _, r := range page.StackResourceSummaries {
			ids[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	return ids, nil
}

// read gives the resources that our tags name. A Ref is a queue's URL, a table's name, a function's name, a secret's ARN,
// which are their physical ids too.
func read(t *template, physical map[string]string) *parts {
	p := &parts{tables: map[store.Table]string{}, queues: map[queue.Name]string{}, functions: map[config.Function]string{},
		apps: map[record.Platform]string{}}
	for logical, r := range t.Resources {
		tags, id := tagsOf(r.Properties.Tags), physical[logical]
		switch r.Type {
		case "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable":
			if tags[tagTable] != "" {
				p.tables[store.Table(tags[tagTable])] = id
			}
		case "AWS::SQS::Queue":
			if tags[tagQueue] != "" {
				p.queues[queue.Name(tags[tagQueue])] = id
			}
		case "AWS::Lambda::Function":
			if f := config.Function(tags[tagFunction]); f != "" && tags[tagConnection] == "" {
				p.functions[f] = id
				if ref := refOf(r.Properties.Environment.Variables[config.EnvMatchSecretARN]); ref != "" {
					p.match = physical[ref]
				}
			}
		}
	}
	for name, output := range t.Outputs {
		if platform, ok := strings.CutPrefix(name, outputAppSecret); ok {
			p.apps[record.Platform(platform)] = physical[refOf(output.Value)]
		}
	}
	return p
}

// tagsOf reads a resource's tags; nil for those that write them otherwise, which are none of those we look for.
func tagsOf(raw json.RawMessage) map[string]string {
	var list []struct{ Key, Value string }
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	tags := map[string]string{}
	for _, t := range list {
		tags[t.Key] = t.Value
	}
	return tags
}

func refOf(raw json.RawMessage) string {
	var ref struct{ Ref string }
	if json.Unmarshal(raw, &ref) != nil {
		return ""
	}
	return ref.Ref
}

// readURL finds where platforms call, from the outputs that tell the webhooks' addresses.
func (p *parts) readURL(ctx context.Context, stack string, clients Clients) error {
	answer, err := clients.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	if err != nil {
		return awsclient.Classify("read its outputs", err)
	}
	for _, s := range answer.Stacks {
		for _, o := range s.Outputs {
			if platform, ok := strings.CutPrefix(aws.ToString(o.OutputKey), outputWebhook); ok {
				p.publicURL = strings.TrimSuffix(aws.ToString(o.OutputValue), "/webhooks/"+platform)
			}
		}
	}
	return nil
}
