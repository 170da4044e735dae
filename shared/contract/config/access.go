package config

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Access is what a function may do. infra makes its role of it, and nothing else is granted.
type Access struct {
	// Consumes and Sends are kinds of queues. A writer consumes its own connection's and sends to its peers'; the other
	// functions do both for every connection.
	Consumes, Sends []record.QueueKind
	// Counts are the kinds of queues whose messages it may count, of every connection, those of their dead-letter queues
	// included, and no more.
	Counts []record.QueueKind
	Tables []TableAccess
	// Publishes says that it may publish to the digest's topic.
	Publishes bool
}

// TableAccess is what a function does with one table. Reading is always part of it.
type TableAccess struct {
	Table       store.Table
	Write, Scan bool
	// Partitions are the partition keys that it may name, with "*" for any rest; nil for all of them. They keep OAuth
	// tokens, which share the control table, from functions that call no platform.
	Partitions []string
}

// The partitions of the control table, by what begins their keys.
const (
	partitionToken    = "token#"
	partitionProgress = "progress#"
	partitionPages    = "pages#"
	partitionPause    = "pause#"
	partitionWaiter   = "waiter#"
	partitionSeen     = "seen#"
	partitionSpread   = "spread#"
	partitionRuns     = "runs#"
	partitionHealth   = "health#"
	partitionSummary  = "summary#"
	partitionBudget   = "budget#"
	partitionKept     = "kept#"
	// The versions of the configuration and which is active: functions read them, operators write them.
	partitionConfig = "config"
)

// AccessOf gives what a function may do. c is the one connection that a writer writes to; other functions ignore it.
func AccessOf(f Function, c record.Connection) Access {
	versions := TableAccess{Table: store.Versions, Write: true}
	references := TableAccess{Table: store.CrossReference, Write: true}
	activeRows := controlRows(false, partitionConfig)
	switch f {
	case Webhook:
		return Access{Sends: []record.QueueKind{record.QueueChanges}}
	case Poller:
		return Access{Sends: []record.QueueKind{record.QueueChanges, record.QueueBackfill}, Tables: []TableAccess{
			controlRows(true, partitionToken+"*", partitionProgress+"*", partitionPages+"*", partitionPause+"*", partitionSeen+"*",
				partitionBudget+"*", partitionHealth+"*"),
			controlRows(false, partitionKept+"*"), activeRows}}
	case Sweeper:
		versions.Scan = true
		return Access{Sends: []record.QueueKind{record.QueueChanges, record.QueueBackfill, record.QueueDue},
			Tables: []TableAccess{versions, references,
				controlRows(true, partitionProgress+"*", partitionPages+"*", partitionKept+"*", partitionSeen+"*", partitionSpread+"*",
					partitionRuns+"*",
					partitionHealth+"*", partitionSummary+"*"),
				controlRows(false, partitionPause+"*"), activeRows}}
	case Resolver:
		return Access{Consumes: []record.QueueKind{record.QueueChanges, record.QueueBackfill},
			Sends: []record.QueueKind{record.QueueChanges, record.QueueBackfill, record.QueueDue}, Tables: []TableAccess{
				versions, references,
				controlRows(true, partitionToken+"*", partitionProgress+"*", partitionPages+"*", partitionKept+"*", partitionPause+"*",
					partitionWaiter+"*", partitionSpread+"*", partitionRuns+"*", partitionBudget+"*", partitionHealth+"*"), activeRows}}
	case Writer:
		own := string(c)
		return Access{Consumes: []record.QueueKind{record.QueueDue}, Sends: []record.QueueKind{record.QueueChanges,
			record.QueueBackfill, record.QueueDue}, Tables: []TableAccess{versions, references,
			controlRows(true, partitionToken+own, partitionProgress+"*", partitionPause+own, partitionKept+"*", partitionWaiter+"*",
				partitionSpread+"*", partitionRuns+"*", partitionBudget+own, partitionHealth+own), activeRows}}
	case Widget, Digest:
		// They look: what people are shown is in rows that hold names, numbers and times. No token, no entity, no link.
		return Access{Counts: record.QueueKinds(), Publishes: f == Digest, Tables: []TableAccess{shownRows(), activeRows}}
	}
	return Access{}
}

// shownRows are what the Syncs page is drawn from.
func shownRows() TableAccess {
	return controlRows(false, partitionProgress+"*", partitionPause+"*", partitionKept+"*", partitionSpread+"*", partitionRuns+"*",
		partitionHealth+"*", partitionSummary+"*")
}

// ReaderAccess is what a person may do who looks at a stack and changes nothing (`fluxcascade status`): the page's rows, and
// the records that wait for somebody. No token is among them, and no secret goes with them.
func ReaderAccess() Access {
	return Access{Counts: record.QueueKinds(), Tables: []TableAccess{{Table: store.Versions, Scan: true}, shownRows(),
		controlRows(false, partitionConfig)}}
}

// OperatorAccess is what a person may do who operates a stack: everything that a command does.
func OperatorAccess() Access {
	a := Access{Consumes: record.QueueKinds(), Sends: record.QueueKinds(), Counts: record.QueueKinds()}
	for _, table := range store.Tables() {
		a.Tables = append(a.Tables, TableAccess{Table: table, Write: true, Scan: true})
	}
	return a
}

func controlRows(write bool, partitions ...string) TableAccess {
	return TableAccess{Table: store.Control, Write: write, Partitions: partitions}
}

// Allows reports whether the access covers a row: what IAM will say once it is deployed.
func (a Access) Allows(key store.Key, write bool) bool {
	for _, t := range a.Tables {
		if t.Table == key.Table && (t.Write || !write) && t.names(key.Partition) {
			return true
		}
	}
	return false
}

func (t TableAccess) names(partition string) bool {
	if t.Partitions == nil {
		return true
	}
	for _, pattern := range t.Partitions {
		prefix, any := strings.CutSuffix(pattern, "*")
		if partition == pattern || (any && strings.HasPrefix(partition, prefix)) {
			return true
		}
	}
	return false
}
