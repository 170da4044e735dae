package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// appTemplate is what a platform's secret holds until a person fills it in: with no client id, a function reports the
// connection as unauthorised and loses nothing. Changing it, or anything else of GenerateSecretString, would overwrite
// secrets that are in use.
const appTemplate = `{"client_id":"","client_secret":"","webhook_secret":""}`

// relayedTemplate is that of a platform whose events come by an event bus of AWS: the webhook secret is then between that
// bus and us, so it is made here, with the stack.
const relayedTemplate = `{"client_id":"","client_secret":""}`

// generatedLength is of generated secrets, in letters and digits: over 256 bits.
const generatedLength = 64

// Secrets are one secret for each platform's app, and the key of the match hashes. They outlive the stack.
type Secrets struct {
	// order lists the platforms, so that whatever is made of apps is the same each time.
	order []record.Platform
	apps  map[record.Platform]awssecretsmanager.Secret
	match awssecretsmanager.Secret
}

// NewSecrets makes the secrets, and tells where each app's goes.
func NewSecrets(scope constructs.Construct, id string, platforms, relayed []record.Platform) *Secrets {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	s := &Secrets{order: platforms, apps: map[record.Platform]awssecretsmanager.Secret{}}
	for _, p := range platforms {
		generator := &awssecretsmanager.SecretStringGenerator{SecretStringTemplate: jsii.String(appTemplate),
			GenerateStringKey: jsii.String("unused")}
		told := "Put the " + string(p) + " app's client_id, client_secret and webhook_secret here"
		if slices.Contains(relayed, p) {
			generator = &awssecretsmanager.SecretStringGenerator{SecretStringTemplate: jsii.String(relayedTemplate),
				GenerateStringKey: jsii.String("webhook_secret"),
				PasswordLength:    jsii.Number(generatedLength), ExcludePunctuation: jsii.Bool(true)}
			told = "Put the " + string(p) + " app's client_id and client_secret here, and leave webhook_secret as it is: its event bus sends it"
		}
		s.apps[p] = awssecretsmanager.NewSecret(scope, jsii.String("App-"+string(p)),
			&awssecretsmanager.SecretProps{RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
				Description:          jsii.String("FluxCascade: the " + string(p) + " app, as JSON: client_id, client_secret, webhook_secret"),
				GenerateSecretString: generator})
		output(scope, "AppSecret"+string(p), told, s.apps[p].SecretArn())
	}
	s.match = awssecretsmanager.NewSecret(scope, jsii.String("Match"),
		&awssecretsmanager.SecretProps{RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
			Description: jsii.String("FluxCascade: keys the hashes of match keys; never change it by hand"),
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{PasswordLength: jsii.Number(generatedLength),
				ExcludePunctuation: jsii.Bool(true)}})
	return s
}

// ARNs gives the JSON object of secret ARNs by platform that functions read.
func (s *Secrets) ARNs(stack awscdk.Stack, platforms []record.Platform) *string {
	arns := map[string]any{}
	for _, p := range platforms {
		arns[string(p)] = s.apps[p].SecretArn()
	}
	return stack.ToJsonString(arns, nil)
}

// Webhook gives a platform's webhook secret as CloudFormation reads it when it deploys; it is in no template.
func (s *Secrets) Webhook(p record.Platform) *string {
	return s.apps[p].SecretValueFromJson(jsii.String("webhook_secret")).UnsafeUnwrap()
}

// GrantApps lets a role read the secrets of platforms' apps.
func (s *Secrets) GrantApps(role awsiam.Role, platforms []record.Platform) {
	for _, p := range platforms {
		allow(role, []string{"secretsmanager:GetSecretValue"}, *s.apps[p].SecretArn())
	}
}

// MatchARN gives the ARN of the match secret.
func (s *Secrets) MatchARN() *string { return s.match.SecretArn() }

// GrantMatch lets a role read the match secret.
func (s *Secrets) GrantMatch(role awsiam.Role) {
	allow(role, []string{"secretsmanager:GetSecretValue"}, *s.match.SecretArn())
}
