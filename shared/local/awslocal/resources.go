package awslocal

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// region is what the clients say; the servers take any.
const region = "us-east-1"

// credentials are taken as they come by both servers. DynamoDB Local keeps a database for each access key.
func credentials(accessKey string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "local", Source: "awslocal"}, nil
	})
}

// DynamoDB gives a client of the server, in the database of an access key (letters and digits).
func (s *Server) DynamoDB(accessKey string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: aws.String(s.Endpoint), Credentials: credentials(accessKey),
		HTTPClient: httpClient()})
}

// SQS gives a client of the server.
func (s *Server) SQS() *sqs.Client {
	return sqs.New(sqs.Options{Region: region, BaseEndpoint: aws.String(s.Endpoint), Credentials: credentials("local"),
		HTTPClient: httpClient()})
}

// CreateTables makes our three tables, each under prefix and its own name, and gives their names for dynamostore.
func CreateTables(ctx context.Context, client *dynamodb.Client, prefix string) (map[store.Table]string, error) {
	names := map[store.Table]string{}
	for _, table := range store.Tables() {
		names[table] = prefix + string(table)
		if err := createTable(ctx, client, names[table], dynamostore.PartitionAttribute, dynamostore.SortAttribute); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func createTable(ctx context.Context, client *dynamodb.Client, name, partition, sort string) error {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String(name),
		BillingMode: dynamotypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamotypes.AttributeDefinition{
			{AttributeName: aws.String(partition), AttributeType: dynamotypes.ScalarAttributeTypeS},
			{AttributeName: aws.String(sort), AttributeType: dynamotypes.ScalarAttributeTypeS}},
		KeySchema: []dynamotypes.KeySchemaElement{
			{AttributeName: aws.String(partition), KeyType: dynamotypes.KeyTypeHash},
			{AttributeName: aws.String(sort), KeyType: dynamotypes.KeyTypeRange}}})
	if err != nil {
		return fmt.Errorf("awslocal: create table %s: %w", name, err)
	}
	return nil
}

// CreateQueues makes queues and the dead-letter queue of each, all under prefix and their own names, and gives their
// URLs for sqsqueue. A message received receives times goes to the dead-letter queue.
func CreateQueues(ctx context.Context, client *sqs.Client, prefix string, names []queue.Name, receives int) (map[queue.Name]string, error) {
	urls := map[queue.Name]string{}
	for _, name := range names {
		dead, err := createQueue(ctx, client, prefix+string(name.Dead()), nil)
		if err != nil {
			return nil, err
		}
		arn, err := queueARN(ctx, client, dead)
		if err != nil {
			return nil, err
		}
		policy := `{"deadLetterTargetArn":` + strconv.Quote(arn) + `,"maxReceiveCount":` + strconv.Itoa(receives) + `}`
		url, err := createQueue(ctx, client, prefix+string(name), map[string]string{string(sqstypes.QueueAttributeNameRedrivePolicy): policy})
		if err != nil {
			return nil, err
		}
		urls[name], urls[name.Dead()] = url, dead
	}
	return urls, nil
}

// CreateWired makes the tables and queues of a template, with its keys, visibility and redrive policies, under prefix and
// their own names, and gives the tables' names and the queues' URLs.
func CreateWired(
	ctx context.Context, tables *dynamodb.Client, queues *sqs.Client, prefix string, w *wiring.Wiring,
) (map[store.Table]string, map[queue.Name]string, error) {
	names := map[store.Table]string{}
	for table, t := range w.Tables {
		names[table] = prefix + string(table)
		if err := createTable(ctx, tables, names[table], t.Partition, t.Sort); err != nil {
			return nil, nil, err
		}
	}
	urls := map[queue.Name]string{}
	for _, name := range w.Names() {
		q := w.Queues[name]
		dead, err := createQueue(ctx, queues, prefix+string(q.Dead), nil)
		if err != nil {
			return nil, nil, err
		}
		arn, err := queueARN(ctx, queues, dead)
		if err != nil {
			return nil, nil, err
		}
		url, err := createQueue(ctx, queues, prefix+string(name), map[string]string{
			string(sqstypes.QueueAttributeNameRedrivePolicy): `{"deadLetterTargetArn":` + strconv.Quote(arn) + `,"maxReceiveCount":` +
				strconv.Itoa(q.Receives) + `}`,
			string(sqstypes.QueueAttributeNameVisibilityTimeout): strconv.Itoa(int(q.Visibility.Seconds()))})
		if err != nil {
			return nil, nil, err
		}
		urls[name], urls[q.Dead] = url, dead
	}
	return names, urls, nil
}

func createQueue(ctx context.Context, client *sqs.Client, name string, attributes map[string]string) (string, error) {
	answer, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name), Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("awslocal: create queue %s: %w", name, err)
	}
	return aws.ToString(answer.QueueUrl), nil
}

func queueARN(ctx context.Context, client *sqs.Client, url string) (string, error) {
	answer, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url),
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", fmt.Errorf("awslocal: arn of %s: %w", url, err)
	}
	return answer.Attributes[string(sqstypes.QueueAttributeNameQueueArn)], nil
}
