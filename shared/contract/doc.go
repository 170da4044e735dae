// Package contract is a door: it holds no code of its own. Behind it lives what FluxCascade asks of the world outside
// (durable rows, messages, platforms, an environment), and everything that answers it.
//
//	store         rows with revisions and transactions: the contract; memstore, boltstore, dynamostore; storetest, its suite
//	queue         messages, at least once and in no order: the contract; memqueue, boltqueue, sqsqueue; queuetest, its suite
//	platform      what a vendor's connector can be asked: the contract, the shared HTTP client, and one package a vendor
//	platformsim   simulators that behave like the vendors over HTTP; no function ever links them
//	config        the environment of each function, and the names of metrics
//	awsclient     what the AWS implementations share
//	boltfile      the durable file under boltstore and boltqueue
//
// It may import record, fault and rules. A connector never imports another connector, a store or the decider.
//
// Start with store/store.go, queue/queue.go or platform/platform.go: each states what an implementation owes. To read one
// connector is to know the next: they have the same files in the same order.
package contract
