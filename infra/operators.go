package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
)

// The actions behind what the command line calls of a stack, beside those of its tables.
var (
	lookActions   = []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"}
	countActions  = []string{"sqs:GetQueueAttributes"}
	handleActions = []string{"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"}
	secretActions = []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}
)

// OperatorsProps says what people may operate.
type OperatorsProps struct {
	State     *State
	Queues    *Queues
	Secrets   *Secrets
	Functions *Functions
	Alarms    *Alarms
}

// NewOperators makes two policies for people, to attach to whoever needs them: a reader sees how everything stands and can
// reach no token, no secret and no message; an operator can run every command. Neither may change the stack itself.
func NewOperators(scope constructs.Construct, id string, props OperatorsProps) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	reader := slices.Concat(props.looking(scope), props.State.statements(config.ReaderAccess()))
	operator := slices.Concat(props.looking(scope), props.handling(scope), props.State.statements(config.OperatorAccess()))
	policy(scope, "Reader", "sees how "+props.Alarms.stack+" stands (fluxcascade status, doctor) and can reach no token, secret or message",
		reader)
	policy(scope, "Operator", "runs every command of fluxcascade on "+props.Alarms.stack+"; changes nothing of the stack itself", operator)
}

func policy(scope constructs.Construct, id, description string, statements []awsiam.PolicyStatement) {
	made := awsiam.NewManagedPolicy(scope, jsii.String(id), &awsiam.ManagedPolicyProps{Description: jsii.String("FluxCascade: " + description),
		Statements: &statements})
	output(scope, id+"Policy", "Attach it to whoever may do this: "+description, made.ManagedPolicyArn())
}

// looking finds the stack, its candidate configuration and how many messages wait, and tells doctor the account's limits.
func (p OperatorsProps) looking(scope constructs.Construct) []awsiam.PolicyStatement {
	stack := awscdk.Stack_Of(scope)
	toolkit := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("cloudformation"), Resource: jsii.String("stack"),
		ResourceName: jsii.String("CDKToolkit/*")})
	return []awsiam.PolicyStatement{
		allowing(lookActions, *stack.StackId(), *toolkit),
		allowing([]string{"lambda:GetFunction"}, *p.Functions.Poller.FunctionArn()),
		allowing([]string{"lambda:GetAccountSettings"}, "*"), // AWS defines no resource for it
		allowing([]string{"sns:ListSubscriptionsByTopic"}, *p.Alarms.topic.TopicArn()),
		p.queued(stack, countActions),
	}
}

// handling starts functions, moves messages and keeps apps' secrets.
func (p OperatorsProps) handling(scope constructs.Construct) []awsiam.PolicyStatement {
	secrets := []string{*p.Secrets.match.SecretArn()}
	for _, platform := range p.Secrets.order {
		secrets = append(secrets, *p.Secrets.apps[platform].SecretArn())
	}
	return []awsiam.PolicyStatement{
		allowing([]string{"lambda:InvokeFunction"}, *p.Functions.Poller.FunctionArn(), *p.Functions.Sweeper.FunctionArn()),
		p.queued(awscdk.Stack_Of(scope), handleActions),
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("kms:Decrypt", "kms:GenerateDataKey"),
			Resources:  jsii.Strings(*p.Queues.key.KeyArn()),
			Conditions: &map[string]any{"StringEquals": map[string]any{"kms:ViaService": via(scope, "sqs")}}}),
		allowing(secretActions, secrets...),
	}
}

// queued allows actions on every queue of the stack, by their tag: named one by one, those of seven connections would pass
// the 6,144 characters of a policy (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, read 2026-12).
func (p OperatorsProps) queued(stack awscdk.Stack, actions []string) awsiam.PolicyStatement {
	every := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("sqs"), Resource: jsii.String("*")})
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: jsii.Strings(*every),
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/" + tagStack: p.Alarms.stack}}})
}

func allowing(actions []string, resources ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: jsii.Strings(resources...)})
}
