package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Tags that name things by what they are for, since nothing has a physical name. Bills, operators and local runs over
// the synthesised template find resources by them.
const (
	tagConnection = "fluxcascade:connection"
	tagFunction   = "fluxcascade:function"
	tagQueue      = "fluxcascade:queue"
	tagTable      = "fluxcascade:table"
	// tagStack is on everything, so that the bill can tell stages apart.
	tagStack = "fluxcascade:stack"
)

// tagless are types whose tags CloudFormation takes only in some regions yet.
var tagless = []string{"AWS::CloudWatch::Dashboard"}

func tag(c constructs.IConstruct, key, value string) {
	awscdk.Tags_Of(c).Add(jsii.String(key), jsii.String(value), &awscdk.TagProps{ExcludeResourceTypes: jsii.Strings(tagless...)})
}

// allow adds a statement without conditions to a role.
func allow(role awsiam.Role, actions []string, resources ...string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...),
		Resources: jsii.Strings(resources...)}))
}

// output tells an operator something, under an id that is the same in every stack: letters and digits.
func output(scope constructs.Construct, id, description string, value *string) {
	awscdk.NewCfnOutput(scope, jsii.String(id), &awscdk.CfnOutputProps{Value: value, Description: jsii.String(description)}).OverrideLogicalId(
		jsii.String(id))
}
