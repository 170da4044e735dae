// Package resolve is the only place where anything is decided: what an observation of a record means for its entity,
// which fields are due where, what is parked, and why. It is pure: no context, clock, randomness, I/O or logs. Decide is
// total, and the same input has the same answer; plan, explain and replay call it too. It never reads a platform's
// names (package mapping translates), never loads or commits (package pipeline does), and never guesses.
//
// # What one field means
//
// For an entity E, a hub field h and a link L to a record at a place C, with base the value that C last told us, sent
// what we last asked C to hold, and desired the entity's value translated to C. All comparisons are in h's canonical
// form where the pair has one.
//
//  1. An observed value o of a field with a base is, in this order: unchanged (o = base); ours (o is the value of an
//     attempt whose outcome is unknown: base and sent become o); or an edit (base and sent become o).
//  2. A field without base is a first sight: base and sent become o. It is no edit. It sets h if E knows no value, if C
//     owns h and o is not blank, if E's value is blank and was itself a first sight, or if nobody owns h here and C ranks
//     better (the hub first, then spokes in the file's order) than where a first sight came from.
//  3. An edit by h's owner is taken. An edit by another is refused: C is due E's value again, or, by policy, may keep its
//     own (a waiver). An owner without a live link on E does not count: h is then anybody's.
//  4. Where nobody owns h, an edit made knowing E's value (sent = desired before it) is taken. Otherwise both left base,
//     a conflict: newest (by the platform's stamp, never later than our read; ties by rank), hub, spoke, or manual.
//     A pair that only flows to the hub cannot know E's value, so its edits always compare by stamp.
//  5. A blank edit of a field whose blank policy is keep is not taken, and C is due the value again.
//  6. h is due at C if desired differs from sent, the pair flows to C, C does not own h (but a blank that its owner showed
//     at first sight is filled), h's owner has been read wherever it has a live link, and h is not parked, nor refused by
//     C with this very value, nor waived.
//  7. A parked field keeps its last agreed value, gathers candidates, and is due nowhere until a person answers.
//  8. A receipt moves base (to what was answered) and sent (to what was asked) for the fields that it wrote, and no other;
//     any other difference in the answer is a hint to read.
//
// # What one record means
//
// A record without an entity is matched by the id stored on it, then by the match rules in order; it is quarantined if a
// key has several holders, if the holder's place is taken, or if the key moved within FormerKeyLife. An unmatched one
// founds an entity whose id is computed from the record. It is created elsewhere only after the first load of the place
// and of the hub, in the hub first, inside the mapping's filter, with every required field and every parent it names.
// A tombstone is never created again; a later live read of the same record is a restore.
//
// # What holds at every commit
//
// A decision is committed in one transaction in which every row it read and changes must not have moved. It changes at
// most one entity, its links, and the keys they hold (and an alias, when a quarantined record turns out to be it).
package resolve
