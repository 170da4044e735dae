// Package record is the vocabulary of FluxCascade: names, values and messages that every other package speaks in.
// It holds values only. It never reads, decides, or knows a vendor, and it imports the standard library alone.
//
// The words, one per idea, in code, logs, tables and prose alike:
//
//	platform      a vendor: hubspot, jobber, quickbooks, salesforce, pipedrive, xero
//	connection    one authorised account on a platform; the unit of credentials, limits, queues and writers
//	hub, spoke    the role of a connection in a group: owner of the master record, or mapped to it
//	group         one data domain: one hub, its spokes, its mappings
//	object        a platform's kind (contacts, clients, Customer); a record is one instance of it
//	entity        our record of one real-world thing in one group, in hub fields
//	link          an entity's tie to one record on one connection
//	place         a connection and an object: where a link can be; an entity has at most one link per place
//	cross-reference  external ID or match key to entity ID
//	change record the queued hint that a record may have changed
//	snapshot      a record as read, with when the read began
//	absence       a proved absence of a record
//	observation   what the decider is told: a snapshot, an absence, a receipt, a wake-up, an operator's answer
//	base          per link and field: what the platform last told us it holds (the common ancestor)
//	sent          per link and field: what we last asked it to hold
//	due           a field whose desired value differs from sent
//	due notice    the message "entity E is due on connection C"; it carries no value
//	intent        a decided write not yet done; a receipt is the platform's answer to it
//	attempt       one try at a remote write, recorded before the call; unresolved until its outcome is known
//	lease, fence  the right to write one link for a while; its counter, so that a late holder is refused
//	echo          our own write reported back
//	park          hold a field (or an operation) for a person; quarantine holds a whole record; waive lets one link differ
//	waiter        a child that waits for its parent's link; a wake-up is the notice that it exists
//	lane          live, or backfill: what is one of many (a first load's, a reconcile's, a sweep's) comes after live changes
//	put off       sent again later, by a message; kept: a row of the state in place of a message, until a sweep sends it
//	mark          the row that says that a part of a first load is not absorbed yet; messages bear the marks of what they hold
//	hop           one message that led to another; a chain has a bound
//	cursor        a platform's opaque resume token
//	sweep, run    the periodic pass that re-sends what is due; one numbered poll, backfill or sweep
//	backfill      the first full read of an object; reconcile is a later one
//	candidate     the configuration that is deployed; it is in force once a person activates it, under a number of its own
//	target        a system that a person operates: a deployed stack, or the data folder of serve
//	budget, slice what a connection may still call within a vendor's limits; the part that one process reserves of it
//	dead-letter   a message set aside with its kind and reason
package record
