package record

import "strings"

// Reason says why something was decided, why something waits, or why it was put off. The set is closed: it is the constants
// below, each with its row in reasons. Its text is the code that rows, messages and logs hold.
type Reason string

// The reasons. A new one is added in this block alone; without a row in reasons the package does not compile.
const (
	ReasonUnchanged        Reason = "unchanged"
	ReasonEcho             Reason = "echo"
	ReasonEdit             Reason = "edit"
	ReasonOwnerEdit        Reason = "owner_edit"
	ReasonOwnerAbsent      Reason = "owner_absent"
	ReasonNewest           Reason = "newest_wins"
	ReasonOlder            Reason = "older_loses"
	ReasonHubWins          Reason = "hub_wins"
	ReasonSpokeWins        Reason = "spoke_wins"
	ReasonNonOwnerReverted Reason = "non_owner_reverted"
	ReasonNonOwnerWaived   Reason = "non_owner_waived"
	ReasonBlankKept        Reason = "blank_kept"
	ReasonOwnerUnread      Reason = "owner_not_read_yet"
	ReasonManual           Reason = "manual_conflict"
	ReasonSameEdit         Reason = "same_edit"
	ReasonFirstSight       Reason = "first_sight"
	ReasonFilledBlank      Reason = "filled_blank"
	ReasonFirstRank        Reason = "better_rank_at_first_sight"
	ReasonInvalidValue     Reason = "invalid_value"
	ReasonUnmappedValue    Reason = "unmapped_value"
	ReasonUnreadable       Reason = "unreadable_value"
	ReasonNothingLeft      Reason = "nothing_left"
	ReasonBrokenRule       Reason = "broken_rule"
	ReasonPlatformDefault  Reason = "platform_default"
	ReasonOldValueKept     Reason = "old_value_kept"
	ReasonOwnForm          Reason = "platform_made_another_value"
	ReasonFieldGone        Reason = "field_is_gone"
	ReasonKeyHeld          Reason = "key_held"
	ReasonKeyFree          Reason = "key_is_free"
	ReasonNewEntity        Reason = "new_entity"
	ReasonMatched          Reason = "matched"
	ReasonMatchedMarker    Reason = "matched_by_stored_id"
	ReasonAdopted          Reason = "found_own_create"
	ReasonUnmatched        Reason = "unmatched"
	ReasonAmbiguous        Reason = "ambiguous_match"
	ReasonSlotTaken        Reason = "already_linked_to_another_record"
	ReasonFormerKey        Reason = "key_moved_lately"
	ReasonKeysDiffer       Reason = "match_keys_contradict"
	ReasonArchivedUnknown  Reason = "archived_and_unknown"
	ReasonNotMapped        Reason = "not_mapped"
	ReasonLeased           Reason = "write_in_progress"
	ReasonStaleRead        Reason = "stale_read"
	ReasonIncompleteRead   Reason = "read_lacks_fields"
	ReasonUnknownParent    Reason = "parent_not_seen_yet"
	ReasonDeleted          Reason = "deleted"
	ReasonMergedAway       Reason = "merged_away"
	ReasonLeftoverGone     Reason = "leftover_gone"
	ReasonUnlinked         Reason = "unlinked"
	ReasonOldRules         Reason = "newer_configuration_is_active"
	ReasonRestored         Reason = "restored"
	ReasonMissingOnce      Reason = "missing_once"
	ReasonNotLinked        Reason = "not_linked"
	ReasonWritten          Reason = "written"
	ReasonCreated          Reason = "created"
	ReasonArchived         Reason = "archived"
	ReasonExists           Reason = "record_exists_already"
	ReasonRejected         Reason = "rejected_by_platform"
	ReasonInDoubt          Reason = "outcome_unknown"
	ReasonRateLimited      Reason = "rate_limited"
	ReasonPlatformWaits    Reason = "platform_took_no_earlier_call"
	ReasonTransient        Reason = "platform_did_not_answer"
	ReasonUnauthorized     Reason = "not_authorised"
	ReasonPaused           Reason = "paused_by_operator"
	ReasonConflict409      Reason = "record_moved_meanwhile"
	ReasonLateHolder       Reason = "late_holder"
	ReasonAnswered         Reason = "answered_by_operator"
	ReasonNotParked        Reason = "not_parked"
	ReasonQuarantined      Reason = "quarantined"
	ReasonOwnerHinted      Reason = "owner_is_read_instead"
	// Reasons why something is not due.
	ReasonFirstLoad       Reason = "first_load"
	ReasonWaitsForHub     Reason = "waits_for_hub"
	ReasonWaitsForParent  Reason = "waits_for_parent"
	ReasonMissingRequired Reason = "missing_required"
	ReasonKeptAsFound     Reason = "kept_as_found"
	ReasonWaitsForRun     Reason = "waits_for_schedule"
	ReasonNotBefore       Reason = "not_before"
	ReasonAttemptsFull    Reason = "too_many_unknown_outcomes"
	ReasonTombstone       Reason = "tombstone"
	ReasonContested       Reason = "held_record_has_its_key"
	ReasonSpreadLimit     Reason = "limit_of_spread_reached"
	ReasonLoop            Reason = "written_too_often"
	ReasonCannotRestore   Reason = "platform_cannot_restore"
	ReasonMergedThere     Reason = "merged_there_alone"

	reasonCount = iota // how many constants stand above
)

// Meaning is what a person is told of a reason.
type Meaning struct {
	Reason Reason
	// Words say why, as the end of a sentence.
	Words string
	// Do says what a person can do about it; it is empty where nothing waits for a person.
	Do string
	// Holds says that something due that is blocked by it waits for a person, or for so long that a person should know.
	Holds bool
}

// reasons has one row for each constant, in the same order. Another number of rows than constants is another type.
var reasons [reasonCount]Meaning = [...]Meaning{
	{Reason: ReasonUnchanged, Words: "nothing is new"},
	{Reason: ReasonEcho, Words: "it is our own write, reported back"},
	{Reason: ReasonEdit, Words: "somebody changed it, and nobody owns it"},
	{Reason: ReasonOwnerEdit, Words: "its owner changed it"},
	{Reason: ReasonOwnerAbsent, Words: "its owner has no live record here, so anybody may set it"},
	{Reason: ReasonNewest, Words: "both sides changed it; this change is the newer one"},
	{Reason: ReasonOlder, Words: "both sides changed it; the other change is the newer one"},
	{Reason: ReasonHubWins, Words: "both sides changed it; by the configuration the hub wins"},
	{Reason: ReasonSpokeWins, Words: "both sides changed it; by the configuration the spoke wins"},
	{Reason: ReasonNonOwnerReverted, Words: "somebody who does not own it changed it, so the value of its owner is written again"},
	{Reason: ReasonNonOwnerWaived, Words: "somebody who does not own it changed it, and may keep that value on this platform"},
	{Reason: ReasonBlankKept, Words: "it was emptied; by the configuration a blank is not a value"},
	{Reason: ReasonOwnerUnread, Words: "the record of its owner has not been read yet"},
	{Reason: ReasonManual, Words: "two people changed it to different values",
		Do: "Set the right value on either side, or answer for it"},
	{Reason: ReasonSameEdit, Words: "both sides changed it to the same value"},
	{Reason: ReasonFirstSight, Words: "it was read for the first time"},
	{Reason: ReasonFilledBlank, Words: "it was blank, and this record has a value"},
	{Reason: ReasonFirstRank, Words: "it was read for the first time on a platform that ranks better"},
	{Reason: ReasonInvalidValue, Words: "the value has no form that the other side takes",
		Do: "Correct the value where it was entered"},
	{Reason: ReasonUnmappedValue, Words: "the value is not in the table of the configuration",
		Do: "Add it to the value_map, or correct it where it was entered"},
	{Reason: ReasonUnreadable, Words: "the value cannot be read for certain, so it stays where it is",
		Do: "Correct the value where it was entered"},
	{Reason: ReasonNothingLeft, Words: "the transforms leave nothing of the value, so it stays where it is",
		Do: "Correct the value where it was entered"},
	{Reason: ReasonBrokenRule, Words: "the transforms of the field do not fit each other",
		Do: "Correct the file"},
	{Reason: ReasonPlatformDefault, Words: "the platform fills it in by itself"},
	{Reason: ReasonOldValueKept, Words: "the platform took our value and kept its old one",
		Do: "Look on the platform why it keeps it; it is sent again when something changes"},
	{Reason: ReasonOwnForm, Words: "the platform made something else of our value",
		Do: "Look at the value on the platform; an edit there counts"},
	{Reason: ReasonFieldGone, Words: "the platform no longer has this field, or several where there was one",
		Do: "Make the field again, or take it out of the file; of several, say there which one counts"},
	{Reason: ReasonKeyHeld, Words: "another record already has this key",
		Do: "Correct one of the two, or merge them on the platform: it is taken once the key is free"},
	{Reason: ReasonKeyFree, Words: "the record that had this key has let go of it"},
	{Reason: ReasonNewEntity, Words: "no record matches it, so it is a new one"},
	{Reason: ReasonMatched, Words: "a match rule found its partner"},
	{Reason: ReasonMatchedMarker, Words: "the id stored on it names its partner"},
	{Reason: ReasonAdopted, Words: "it is what our unanswered create made"},
	{Reason: ReasonUnmatched, Words: "no record matches it, and by the configuration it makes no new one"},
	{Reason: ReasonAmbiguous, Words: "it looks like more than one record",
		Do: "Merge the doubles on the platform, or correct what tells them apart"},
	{Reason: ReasonSlotTaken, Words: "what it looks like is already tied to another record",
		Do: "Merge the two on the platform, or correct what tells them apart"},
	{Reason: ReasonFormerKey, Words: "its key belonged to another record until recently",
		Do: "Check whether it is the same; correct the key if not"},
	{Reason: ReasonKeysDiffer, Words: "one match rule says it is a record that another match rule says it is not",
		Do: "Correct what the two have in common, or what differs, or merge them on the platform"},
	{Reason: ReasonArchivedUnknown, Words: "it is archived, and was never synced"},
	{Reason: ReasonNotMapped, Words: "the configuration does not map it"},
	{Reason: ReasonLeased, Words: "a write to it is in progress"},
	{Reason: ReasonStaleRead, Words: "what was read is older than what is known"},
	{Reason: ReasonIncompleteRead, Words: "what was read lacks fields that are needed"},
	{Reason: ReasonUnknownParent, Words: "the record that it refers to has not been read yet"},
	{Reason: ReasonDeleted, Words: "it was deleted"},
	{Reason: ReasonMergedAway, Words: "a merge elsewhere left it without a partner",
		Do: "Merge it on this platform too"},
	{Reason: ReasonLeftoverGone, Words: "the record that a merge left over is gone"},
	{Reason: ReasonUnlinked, Words: "it was taken out of the sync"},
	{Reason: ReasonOldRules, Words: "it was decided by a newer configuration"},
	{Reason: ReasonRestored, Words: "it is back after a deletion"},
	{Reason: ReasonMissingOnce, Words: "one read did not find it; a second read decides"},
	{Reason: ReasonNotLinked, Words: "it is tied to no record of ours"},
	{Reason: ReasonWritten, Words: "it was written"},
	{Reason: ReasonCreated, Words: "it was created"},
	{Reason: ReasonArchived, Words: "it was archived"},
	{Reason: ReasonExists, Words: "the platform says that such a record exists already"},
	{Reason: ReasonRejected, Words: "the platform refused the value",
		Do: "Correct the value: it is sent again when it changes", Holds: true},
	{Reason: ReasonInDoubt, Words: "the platform did not say whether it took the write"},
	{Reason: ReasonRateLimited, Words: "the platform limits our calls"},
	{Reason: ReasonPlatformWaits, Words: "the platform took no earlier call, so this one waits"},
	{Reason: ReasonTransient, Words: "the platform did not answer"},
	{Reason: ReasonUnauthorized, Words: "the platform does not accept our authorisation"},
	{Reason: ReasonPaused, Words: "an operator paused the connection"},
	{Reason: ReasonConflict409, Words: "the record changed while it was being written"},
	{Reason: ReasonLateHolder, Words: "the write ended after its lease, so it is read again"},
	{Reason: ReasonAnswered, Words: "an operator decided it"},
	{Reason: ReasonNotParked, Words: "it does not wait for an answer"},
	{Reason: ReasonQuarantined, Words: "the whole record waits for a person"},
	{Reason: ReasonOwnerHinted, Words: "it is a part of another record, which is read instead"},
	{Reason: ReasonFirstLoad, Words: "the first load has not ended"},
	{Reason: ReasonWaitsForHub, Words: "it is created on the hub first"},
	{Reason: ReasonWaitsForParent, Words: "the record that it refers to is created first"},
	{Reason: ReasonMissingRequired, Words: "a field is blank without which the platform takes no record",
		Do: "Fill it in", Holds: true},
	{Reason: ReasonKeptAsFound, Words: "it stood there before the sync, and stays until somebody edits it"},
	{Reason: ReasonWaitsForRun, Words: "its mapping writes in runs, and the next one is to come"},
	{Reason: ReasonNotBefore, Words: "it is to be tried at a later time"},
	{Reason: ReasonAttemptsFull, Words: "several writes had no answer",
		Do: "Nothing: the next read says what became of them", Holds: true},
	{Reason: ReasonTombstone, Words: "it was deleted, and what is late does not bring it back"},
	{Reason: ReasonContested, Words: "a record that waits for you has the same key",
		Do: "Answer for that record first", Holds: true},
	{Reason: ReasonSpreadLimit, Words: "a limit of spread was reached, so it may be a mistake that spreads",
		Do: "Look at what changed; undo it at its source, or release the limit", Holds: true},
	{Reason: ReasonLoop, Words: "it was written more than twenty times in an hour",
		Do: "End the automation that rewrites it, or give it the field; it rests until the hour is over", Holds: true},
	{Reason: ReasonCannotRestore, Words: "it is archived, and the platform cannot bring it back",
		Do: "Restore it on the platform", Holds: true},
	{Reason: ReasonMergedThere, Words: "its record there is gone, merged into another one it seems, and other platforms still have it",
		Do: "Merge the two on the hub too, or delete it there; nothing was removed", Holds: true},
}

// Reasons lists every reason with its meaning.
func Reasons() []Meaning { return reasons[:] }

// Meaning gives what a person is told of a reason. One that is not in the set (a row that another version wrote) is told by its
// code.
func (r Reason) Meaning() Meaning {
	for i := range reasons {
		if reasons[i].Reason == r {
			return reasons[i]
		}
	}
	return Meaning{Reason: r, Words: r.Plain()}
}

// Holds reports whether something due that is blocked by it waits for a person, or for so long that a person should know.
func (r Reason) Holds() bool { return r != "" && r.Meaning().Holds }

// Plain is the code as words: "owner edit".
func (r Reason) Plain() string { return strings.ReplaceAll(string(r), "_", " ") }
