package record

import "strings"

// QueueKind is what a queue is for. Each connection has one queue of each kind.
type QueueKind string

// The kinds of queues.
const (
	QueueChanges  QueueKind = "changes"  // change records, live
	QueueBackfill QueueKind = "backfill" // change records of first loads and reconciles, so that live ones need not wait
	QueueDue      QueueKind = "due"      // due notices
)

// QueueKinds lists every kind, in order.
func QueueKinds() []QueueKind { return []QueueKind{QueueChanges, QueueBackfill, QueueDue} }

// QueueName names a queue by what it is for: "changes-jobber", "backfill-jobber", "due-jobber", and each with "-dead".
type QueueName string

// QueueOf names a connection's queue. Nothing else spells such a name.
func QueueOf(kind QueueKind, c Connection) QueueName {
	return QueueName(string(kind) + "-" + string(c))
}

// Is says that a queue is of a kind, dead or alive.
func (n QueueName) Is(kind QueueKind) bool { return strings.HasPrefix(string(n), string(kind)+"-") }

// deadSuffix ends the names of dead-letter queues.
const deadSuffix = "-dead"

// Dead gives the name of the queue's dead-letter queue.
func (n QueueName) Dead() QueueName { return n + deadSuffix }

// IsDead says that a queue holds dead letters. Such a queue has none itself: its messages stay however often they are
// received.
func (n QueueName) IsDead() bool { return strings.HasSuffix(string(n), deadSuffix) }
