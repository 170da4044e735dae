package resolve_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// heldTo names the test of a reason that no scenario of testdata shows. A reason that is added needs a scenario, or an entry here.
var heldTo = map[record.Reason]func(*testing.T){
	record.ReasonInvalidValue:    TestAnAnswerPassesTheDoorOfAPlatformsValue,
	record.ReasonNotParked:       TestAnAnswerPassesTheDoorOfAPlatformsValue,
	record.ReasonNotMapped:       TestAnEntityWhoseTypeHasLeftTheConfiguration,
	record.ReasonUnmappedValue:   TestAnOptionWithoutAnEntryStaysAndTravelsNowhere,
	record.ReasonPlatformDefault: TestWhatAPlatformFillsInIsNobodysEdit,
	record.ReasonOldValueKept:    TestAWriteWithoutEffectIsNotRepeated,
	record.ReasonFieldGone:       TestAFieldThatIsGoneIsHeldWhileOthersFlow,
	record.ReasonAdopted:         TestAnOlderValueOfOursIsNotTheOwnersChoice,
	record.ReasonContested:       TestNothingIsCreatedBesideARecordThatShowsTheKeyFromBefore,
	record.ReasonFormerKey:       TestARecordWithAKeyThatMovedLatelyIsHeld,
	record.ReasonKeysDiffer:      TestALowerRuleJoinsNobodyWhomAHigherOneTellsApart,
	record.ReasonLeased:          TestAnObservationUnderALeaseWaitsAndAStaleReadIsTriedAgain,
	record.ReasonStaleRead:       TestAnObservationUnderALeaseWaitsAndAStaleReadIsTriedAgain,
	record.ReasonLateHolder:      TestAReceiptMovesOnlyWhatItWrote,
	record.ReasonFirstLoad:       TestNothingIsCreatedBeforeTheFirstLoads,
	record.ReasonKeptAsFound:     TestStandsTellsWhatIsKeptAsFound,
	record.ReasonWaitsForRun:     TestAnEditAfterTheRunWaitsForTheNext,
}

// engineGives are the reasons that package engine/pipeline gives by itself, before anything is decided. Its tests hold them.
var engineGives = map[record.Reason]bool{
	record.ReasonPlatformWaits: true,
	record.ReasonPaused:        true,
	record.ReasonOwnerHinted:   true,
}

// toBeHeld are reasons that the simulation alone reaches. A reason leaves this list, and none joins it.
var toBeHeld = map[record.Reason]bool{
	record.ReasonOwnerUnread:  true,
	record.ReasonUnreadable:   true,
	record.ReasonNothingLeft:  true,
	record.ReasonBrokenRule:   true,
	record.ReasonOwnForm:      true,
	record.ReasonUnlinked:     true,
	record.ReasonOldRules:     true,
	record.ReasonQuarantined:  true,
	record.ReasonAttemptsFull: true,
	record.ReasonTombstone:    true,
	record.ReasonSpreadLimit:  true,
	record.ReasonLoop:         true,
}

// said finds a reason where a scenario expects it: after the outcome, behind a change, or behind what is not due.
var said = regexp.MustCompile(`(?m)(?:^[a-z_]+: |\(|, but )([a-z0-9_]+)(?:$|\))`)

// TestEveryReasonHasACase reads the scenarios, which are data, for each reason there is.
func TestEveryReasonHasACase(t *testing.T) {
	files, err := filepath.Glob("testdata/rule*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	shown := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range said.FindAllStringSubmatch(string(text), -1) {
			shown[found[1]] = true
		}
	}
	for _, m := range record.Reasons() {
		places := 0
		for _, here := range []bool{shown[string(m.Reason)], heldTo[m.Reason] != nil, engineGives[m.Reason], toBeHeld[m.Reason]} {
			if here {
				places++
			}
		}
		switch {
		case places == 0:
			t.Errorf("no scenario of testdata shows %s: write one, or name its test in heldTo", m.Reason)
		case places > 1:
			t.Errorf("%s has a scenario: take it out of the lists of this file", m.Reason)
		}
	}
}
