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

	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/store"
	"github.com/fluxcascade/fluxcascade/shared/store/dynamostore"
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
	return dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: aws.String(s.Endpoint), Credentials: credentials(accessKey), HTTPClient: httpClient()})
}

// SQS gives a client of the server.
func (s *Server) SQS() *sqs.Client {
	return sqs.New(sqs.Options{Region: region, BaseEndpoint: aws.String(s.Endpoint), Credentials: credentials("local"), HTTPClient: httpClient()})
}

// CreateTables makes our three tables, each under prefix and its own name, and gives their names for dynamostore.
func CreateTables(ctx context.Context, client *dynamodb.Client, prefix string) (map[store.Table]string, error) {
	names := map[store.Table]string{}
	for _, table := range store.Tables() {
		names[table] = prefix + string(table)
		_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String(names[table]), BillingMode: dynamotypes.BillingModePayPerRequest,
			AttributeDefinitions: []dynamotypes.AttributeDefinition{
				{AttributeName: aws.String(dynamostore.PartitionAttribute), AttributeType: dynamotypes.ScalarAttributeTypeS},
				{AttributeName: aws.String(dynamostore.SortAttribute), AttributeType: dynamotypes.ScalarAttributeTypeS}},
			KeySchema: []dynamotypes.KeySchemaElement{
				{AttributeName: aws.String(dynamostore.PartitionAttribute), KeyType: dynamotypes.KeyTypeHash},
				{AttributeName: aws.String(dynamostore.SortAttribute), KeyType: dynamotypes.KeyTypeRange}}})
		if err != nil {
			return nil, fmt.Errorf("awslocal: create table %s: %w", names[table], err)
		}
	}
	return names, nil
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

func createQueue(ctx context.Context, client *sqs.Client, name string, attributes map[string]string) (string, error) {
	answer, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name), Attributes: attributes})
	if err != nil {
		return "", fmt.Errorf("awslocal: create queue %s: %w", name, err)
	}
	return aws.ToString(answer.QueueUrl), nil
}

func queueARN(ctx context.Context, client *sqs.Client, url string) (string, error) {
	answer, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", fmt.Errorf("awslocal: arn of %s: %w", url, err)
	}
	return answer.Attributes[string(sqstypes.QueueAttributeNameQueueArn)], nil
}
