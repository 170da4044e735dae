// Package resolve is the only place where anything is decided: what an observation of a record means for its entity,
// which fields are due where, what is parked, and why. It is pure: no context, clock, randomness, I/O or logs. Decide is
// total, and the same input has the same answer; plan, explain and replay call it too. It never reads a platform's
// names (package mapping translates), never loads or commits (package pipeline does), and never guesses.
//
// # What one field means
//
// For an entity E, a hub field h and a link L to a record at a place C, with base the value that C last told us, sent
// what we last asked C to hold, and desired the entity's value translated to C. Values are compared by their
// type (a number, a date, a phone number, an email, options, text), in h's canonical form where the pair has one. What a read
// leaves out, and what says nothing of h (an option without an entry, a text that cannot be read), is no value and no blank.
//
//  1. An observed value o of a field with a base is, in this order: unchanged (o = base); ours (o is, or is like, the
//     value of a write whose outcome is unknown: base becomes o, sent what we asked for); or an edit (base and sent
//     become o). A field that a read leaves out says nothing.
//  2. A field without base is a first sight: base and sent become o. It is no edit. It sets h if E knows no value, if C
//     owns h and o is not blank, if E's value is blank and was itself a first sight, or if nobody owns h here and C ranks
//     better (the hub first, then spokes in the file's order) than where a first sight came from. What a record that we
//     made shows otherwise than we asked is an edit, not a first sight; so is what it shows where we sent nothing. Where the pair
//     cannot bring o to the hub, and o is not blank, it stood there before us: it is kept, no matter who changes it there, until
//     somebody edits what the pair comes from, unless the mapping overwrites at the link (on_link).
//  3. An edit by h's owner is taken. An edit by another is refused: C is due E's value again, or, by policy, may keep its
//     own (a waiver). An owner that has neither a live link on E nor one that we are about to restore does not count: h is
//     then anybody's. Where E's value is blank and blanks are no values (blank: keep), an edit by another fills it.
//  4. What an unchanged record shows of a field that C owns is taken too, unless it is blank or was overtaken (6): C came
//     to own h by a new configuration, or a person brought the record back.
//  5. Where nobody owns h, an edit made knowing E's value (sent = desired before it, or, unless the policy is manual, a write
//     of that value to C has an unknown outcome) is taken, and any edit beats a first sight. Otherwise both left base, a
//     conflict: newest (by the platform's stamp, never later than our read; ties by rank), hub, spoke, or manual. A pair that
//     only flows to the hub cannot know E's value, so its edits always compare by stamp. A blank edit where the policy is keep
//     is not taken; what is set over it next knows the value, if whoever emptied it did.
//  6. h is due at C if desired differs from sent, the pair flows to C, C does not own h, h's owner has been read wherever
//     it has a live link, E is inside the mapping's filter or the record follows outside it (after_exit), and h is not parked,
//     nor kept as found (2), nor refused by C with this very value, nor waived. What C owns is due there
//     in three cases: it is blank at C and E has a value; it was overtaken, for E moved on while we made the record, or while
//     it was away by our doing and its value was not of C's giving; an operator decided against it.
//  7. A parked field keeps its last agreed value, gathers candidates, and is due nowhere until a person answers. An edit
//     that would take a match key of another entity parks the fields of that key, and lets go of the key before; it is taken
//     without a person once the key is free.
//  8. A receipt moves base (to what was answered) and sent (to what was asked) for the fields that it wrote, and no other;
//     any other difference in the answer is a hint to read.
//
// # What one record means
//
//  9. A record without an entity is matched by the id stored on it, then by the match rules in order. It is held for a person
//     if a key has several holders, if the holder's place is taken, or if the key moved within FormerKeyLife; it is judged
//     again when it changes, when it is listed, and when the place becomes free. An unmatched one founds an entity whose id is
//     computed from the record; a read that lacks a field of a key founds nothing.
//  10. It is created elsewhere only after the first load of the place and of the hub, in the hub first, inside the mapping's
//     filter, with every required field and every parent it names, and never beside a record that has one of its keys, or that
//     is held because it shows a key which the entity left within FormerKeyLife. The
//     filter is judged again at the moment of acting, in the commit that takes the lease; what was inside it at first sight
//     never enters it, also after it moved out and back. A create
//     of unknown outcome is repeated as the same request under the same key; what matches meanwhile is taken for it, by our
//     identity on it where the platform has a field for that (a read that leaves that field out is asked for again).
//  11. A tombstone is never created again. A deletion reaches the other places as the mapping says: not at all, by leaving the
//     entity (unlink), as an archive, as a delete. A live read of the record, missingLag later or more, is a restore: what
//     followed the deletion comes back, where the platform can; what it cannot bring back is held and shown. What we removed
//     ourselves, or make after a deletion, is nobody's deletion and none's victim. Absence from a list is nothing; two reads by
//     id that find nothing, missingLag apart, are a deletion.
//  12. A merge on the hub makes two entities one: the other's id becomes an alias, its records take places that are free, and
//     those that find theirs taken are leftovers, for a person to merge there too. A merge on a spoke moves the link to the
//     survivor if that is nobody's, and joins entities only if the hub holds none of ours: the hub says who is who.
//
// # What bounds a mistake
//
//  13. Deletes, creates, blanks, overrides and writes of one field are counted by group, connection and hour; above a limit the
//     rest is held until a person releases it (Spread). A record written loopWrites times in an hour rests until the hour is
//     over. A rejected value is not sent again until it changes.
//
// # What says nothing
//
//  14. A third thing beside a value and a blank: an option without an entry, a text that cannot be read, a field that the platform
//     has no longer, what it fills in by itself, an old value that it keeps after it took ours. It becomes no blank and travels
//     nowhere. It is kept per link and field as seen, beside base and sent, with words for an operator; base and sent stay as they
//     were, so nothing of ours is due over it until desired, the platform's value or (for a write without effect) the configuration
//     changes. Where nothing else was ever read there, an edit later than it is due; what a platform fills in is filled like a
//     blank. A value of E that has no spelling at C is kept as seen there too, and is not due.
//
// # When
//
//  15. A mapping that does not write in real time writes in its own runs, by its own period and hours: what came after its last
//     run began waits for the next, no matter what else shares the connection, and who sent the notice.
//
// # What holds at every commit
//
// A decision is committed in one transaction in which every row it read and changes must not have moved; nor may the
// entity that an edit was judged by, where the edit changes its link alone; and the entity's row moves whenever a record of
// it comes to live or ceases to, for that decides who owns a field. It changes at most one entity, its links, and
// the keys they hold (and an alias, when a held record turns out to be it, or two entities are joined). An entity that was
// decided under a newer configuration is not decided under an older one.
//
// # Where each rule is
//
// Each rule is a function over values, in the file of its number. It looks at a subject (one entity with its links, and what is
// declared of it), changes nothing, and answers with a ruling. apply.go does what rules 1 to 5 say of a record's fields; a draft
// (draft.go) holds the copies that are changed, and makes the Decision. Cases are in testdata, by the same numbers.
//
//	 1  rule1_read.go      read        unchanged, ours, edit, first sight, says nothing (why)
//	 2  rule2_first.go     judgeFirst  take first, keep
//	 3  rule3_owner.go     ownerOf, refusal, foreign
//	 4  rule4_shows.go     ownerShows  the values to take
//	 5  rule5_judge.go     judge       take, take first, agree, keep, refuse, waive, park, with a reason
//	 6  rule6_due.go       dutyOf      none, write, wait (why)
//	 7  rule7_park.go      parkField, parkKey; rule7_free.go takeFreed
//	 8  rule8_receipt.go   decideReceipt
//	 9  rule9_match.go     matchRecord an entity, none, held (why)
//	10  rule10_create.go   dueCreate; rule10_found.go decideFound, what a look-up before a create found
//	11  rule11_delete.go   dueRemoval, dueRestore, removalPolicy; absence.go decides when something is gone
//	12  rule12_merge.go    mergedAway
//	13  rule13_spread.go   spreadKinds, Reserve, limitSpread
//	14  rule14_nothing.go  keepSeen, forgetSeen, answeredOtherwise, filledIn, noteUnspoken
//	15  rule15_schedule.go awaitRun    when the mapping's run comes
//
// # Doors beside Decide
//
// All that decides stands behind Decide: what is due holds its write (Due.Intent) and the limits that it counts against
// (Due.Kinds), and what a look-up finds is an observation (Found). What else other packages call gives a value:
//
//	Locate      names the rows of a record's entity, so that a batch loads them at once, before there is anything to decide
//	Knows       compares two stamps before a record is read, of each group that maps it: it saves the read, and nothing else
//	Reserve     counts writes against a budget's row, which must be committed, or lost to another writer, before the write
//	SameContent compares two versions of a link
//	Stands      tells why rule 6 leaves something out; nothing is done about it
//	TypeOf, EntityIDOf, NewView make and read names and values
//
// Rows are read through a reader (rows.go). One that is not loaded reads as absent and is noted there, and nowhere else: Decide
// then answers with Need. A rule need not know. Where going on would only ask for rows in vain, a decision ends as loadFirst.
package resolve
