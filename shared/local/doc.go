// Package local is a door: it holds no code of its own. Behind it lives what runs the whole system on one machine.
//
//	runner     `fluxcascade local` and `serve`: the production handlers, fed the JSON that AWS would feed them
//	awslocal   DynamoDB Local and an SQS server, for `local --wire` and for tests
//	rehearsal  `fluxcascade test chain`: a careful person's try-out of a configuration
//
// It may import everything below it: record, fault, rules, contract, engine, run, operator. No function links it.
//
// Start with runner/runner.go.
package local
