package resolve

// Outcome is what became of an observation.
type Outcome string

// The outcomes. Every accepted change record ends as one of the first five, or is put off and comes again.
const (
	Applied     Outcome = "applied"     // entity or link changed
	Noop        Outcome = "noop"        // nothing new
	Superseded  Outcome = "superseded"  // newer state is already absorbed
	ParkedWork  Outcome = "parked"      // absorbed, and a field or record waits for a person
	DeadLetter  Outcome = "dead_letter" // refused for good, recorded
	Postponed   Outcome = "postponed"   // comes again at RetryAt
	ReadAgain   Outcome = "read_again"  // the read is too old to count; read and decide again
	Unsupported Outcome = "unsupported" // not an observation of anything configured
)

// Reason says why. The set is closed: text for people is in Reasons.
type Reason string

// The reasons.
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
	ReasonOutsideFilter   Reason = "outside_filter"
	ReasonKeptAsFound     Reason = "kept_as_found"
	ReasonWaitsForRun     Reason = "waits_for_schedule"
	ReasonCreateNotAsked  Reason = "create_not_configured"
	ReasonNotBefore       Reason = "not_before"
	ReasonAttemptsFull    Reason = "too_many_unknown_outcomes"
	ReasonTombstone       Reason = "tombstone"
	ReasonContested       Reason = "held_record_has_its_key"
	ReasonSpreadLimit     Reason = "limit_of_spread_reached"
	ReasonLoop            Reason = "written_too_often"
	ReasonCannotRestore   Reason = "platform_cannot_restore"
)
