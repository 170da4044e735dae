// Package ontables opens a function's tables. It is apart from package onaws so that the webhook, which has none, links no
// DynamoDB client: the client's schemas and endpoints alone take 0.6 ms of every start.
package ontables

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/dynamostore"
	"github.com/fluxcascade/fluxcascade/shared/run/boot/onaws"
)

var _ onaws.Tables = Open

// Open gives the store in the tables of the given names. It calls nothing.
func Open(c onaws.Client, names map[store.Table]string) (store.Store, error) {
	return dynamostore.New(dynamostore.Settings{Client: dynamodb.New(dynamodb.Options{Region: c.Region, Credentials: c.Credentials,
		HTTPClient: c.HTTP}), Tables: everyTable(names)})
}

// everyTable fills in a name for tables that a function may not touch: IAM refuses it, and so would DynamoDB.
func everyTable(given map[store.Table]string) map[store.Table]string {
	names := map[store.Table]string{}
	for _, table := range store.Tables() {
		names[table] = "not-for-this-function"
		if name := given[table]; name != "" {
			names[table] = name
		}
	}
	return names
}
