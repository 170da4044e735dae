package syncsio

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/fluxcascade/fluxcascade/shared/contract/awsclient"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// Topic publishes to an SNS topic, with the credentials that Lambda puts into the environment. Errors: fault.Transient.
func Topic(arn string, options ...func(*sns.Options)) Publisher {
	client := sns.New(sns.Options{Region: os.Getenv("AWS_REGION"), Credentials: fromEnvironment(), HTTPClient: client()}, options...)
	return func(ctx context.Context, m syncs.Message) error {
		_, err := client.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(arn), Subject: aws.String(m.Subject), Message: aws.String(m.Body)})
		if err != nil {
			return awsclient.Classify("publish the digest", err)
		}
		return nil
	}
}
