package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
)

// The layout that store/dynamostore keeps; a test holds the two together.
const (
	partitionAttribute = "pk"
	sortAttribute      = "sk"
	expiryAttribute    = "ttl"
)

// recoveryDays is DynamoDB's longest: how far back a table can be restored to any second.
const recoveryDays = 35

// tableEnvironment names the variable that holds each table's name.
var tableEnvironment = map[store.Table]string{
	store.Versions: config.EnvTableVersions, store.CrossReference: config.EnvTableCrossReference, store.Control: config.EnvTableControl,
}

// State is the three tables and the key that encrypts them. They outlive the stack.
type State struct {
	tables map[store.Table]awsdynamodb.Table
	key    awskms.Key
}

// NewState makes the tables.
func NewState(scope constructs.Construct, id, stack string) *State {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	s := &State{tables: map[store.Table]awsdynamodb.Table{}, key: awskms.NewKey(scope, jsii.String("Key"), &awskms.KeyProps{
		Description: jsii.String("FluxCascade: state tables"), EnableKeyRotation: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_RETAIN})}
	alias(s.key, stack, "state")
	for _, table := range store.Tables() {
		s.tables[table] = awsdynamodb.NewTable(scope, jsii.String(string(table)), &awsdynamodb.TableProps{
			PartitionKey: &awsdynamodb.Attribute{Name: jsii.String(partitionAttribute), Type: awsdynamodb.AttributeType_STRING},
			SortKey:      &awsdynamodb.Attribute{Name: jsii.String(sortAttribute), Type: awsdynamodb.AttributeType_STRING},
			BillingMode:  awsdynamodb.BillingMode_PAY_PER_REQUEST, TimeToLiveAttribute: jsii.String(expiryAttribute),
			PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
				PointInTimeRecoveryEnabled: jsii.Bool(true), RecoveryPeriodInDays: jsii.Number(recoveryDays)},
			Encryption: awsdynamodb.TableEncryption_CUSTOMER_MANAGED, EncryptionKey: s.key,
			DeletionProtection: jsii.Bool(true), RemovalPolicy: awscdk.RemovalPolicy_RETAIN})
		tag(s.tables[table], tagTable, string(table))
	}
	return s
}

// TableName gives a table's name as a token.
func (s *State) TableName(table store.Table) *string { return s.tables[table].TableName() }

// The actions behind store/dynamostore's calls. A transaction needs those of the writes in it and no other.
var (
	readActions  = []string{"dynamodb:BatchGetItem", "dynamodb:Query"}
	writeActions = []string{"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
	scanActions  = []string{"dynamodb:Scan"}
	// keyActions are those that DynamoDB asks of a caller of a table with a key of one's own
	// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html, 2026), spelled out where the
	// guide writes a wildcard. Only calls through DynamoDB count.
	keyActions = []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
		"kms:ReEncryptFrom", "kms:ReEncryptTo"}
)

// Grant lets a role do what an access says and no more.
func (s *State) Grant(role awsiam.Role, access config.Access) {
	for _, statement := range s.statements(access) {
		role.AddToPolicy(statement)
	}
}

// statements are what an access to tables says, for IAM.
func (s *State) statements(access config.Access) []awsiam.PolicyStatement {
	var out []awsiam.PolicyStatement
	for _, t := range access.Tables {
		actions := slices.Clone(readActions)
		if t.Write {
			actions = append(actions, writeActions...)
		}
		if t.Scan {
			actions = append(actions, scanActions...)
		}
		statement := &awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: jsii.Strings(*s.tables[t.Table].TableArn())}
		if t.Partitions != nil {
			// The condition also holds for a call that names no key: so none that could, a scan, is ever granted with it.
			statement.Conditions = &map[string]any{"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": t.Partitions}}
		}
		out = append(out, awsiam.NewPolicyStatement(statement))
	}
	if len(access.Tables) > 0 {
		out = append(out, awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(keyActions...),
			Resources:  jsii.Strings(*s.key.KeyArn()),
			Conditions: &map[string]any{"StringEquals": map[string]any{"kms:ViaService": via(s.key, "dynamodb")}}}))
	}
	return out
}

// via names a service as kms:ViaService does. AWS writes it with amazonaws.com; whether China's partition does so too, no
// page says that we know of, so both are meant: no other service has either name.
func via(scope constructs.IConstruct, service string) []string {
	stack := awscdk.Stack_Of(scope)
	names := []string{service + "." + *stack.Region() + ".amazonaws.com"}
	if suffix := service + "." + *stack.Region() + "." + *stack.UrlSuffix(); suffix != names[0] {
		names = append(names, suffix)
	}
	return names
}

// alias names a key, so that it is told from others in the console. A key that outlives its stack loses the name with it.
func alias(key awskms.Key, stack, use string) {
	key.AddAlias(jsii.String("alias/" + stack + "-" + use))
}
