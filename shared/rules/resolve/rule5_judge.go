package resolve

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rules 3 and 5: what becomes of an edit.

// edit is one user's edit of one hub field, or a first sight of one.
type edit struct {
	field record.HubField
	text  string
	place record.Place
	at    time.Time
	// knowing marks an edit made by somebody who was shown the entity's value.
	knowing bool
	// pair and raw are what it was read by and from.
	pair *ruleset.Pair
	raw  record.Fields
}

// ruling is what becomes of an edit.
type ruling string

const (
	take      ruling = "take"       // the entity's value is this one
	takeFirst ruling = "take first" // likewise, until somebody edits it or a better rank shows another
	agree     ruling = "agree"      // it is the entity's value already
	keep      ruling = "keep"       // the entity keeps its own, which is due there
	refuse    ruling = "refuse"     // likewise, as an override of a person's edit
	waive     ruling = "waive"      // the entity keeps its own, and the place may keep this
	park      ruling = "park"       // a person decides
)

// judge rules on an edit of a declared field: by the owner, by the policy, or by the stamps.
func judge(x *subject, f *ruleset.Field, e edit) (ruling, record.Reason) {
	now, known := x.entity.Fields[f.Name]
	parked, waits := x.entity.Parked[f.Name]
	owner := ownerOf(x, f)
	switch {
	case e.text == "" && f.Blank == ruleset.BlankKeep && now.Text != "":
		return keep, record.ReasonBlankKept
	case forOthers(x, f, e):
		return refusal(f)
	case waits:
		return park, parked.Reason
	case known && sameValue(x, f.Name, now.Text, e.text):
		return agree, record.ReasonSameEdit
	case owner == e.place.Connection && !e.knowing && f.Conflict == ruleset.ConflictManual:
		return park, record.ReasonManual
	case owner == e.place.Connection:
		return take, record.ReasonOwnerEdit
	case owner != "" && now.Text == "" && f.Blank == ruleset.BlankKeep:
		return takeFirst, record.ReasonFilledBlank // its owner has no value, and a blank is none by the policy
	case owner != "":
		return refusal(f)
	case e.knowing || !known || now.First: // what was merely there at first sight is older than any edit
		if f.Owner.LastWriteWins {
			return take, record.ReasonEdit
		}
		return take, record.ReasonOwnerAbsent
	}
	return conflict(x, f, e, now)
}

// conflict rules on an edit made without knowing the entity's value, which had changed too.
func conflict(x *subject, f *ruleset.Field, e edit, now Value) (ruling, record.Reason) {
	hubEdit, hubValue := e.place.Connection == x.group.Hub, now.From == x.group.Hub
	switch {
	case f.Conflict == ruleset.ConflictManual:
		return park, record.ReasonManual
	case f.Conflict == ruleset.ConflictHub && hubEdit != hubValue:
		return wins(hubEdit), record.ReasonHubWins
	case f.Conflict == ruleset.ConflictSpoke && hubEdit != hubValue:
		return wins(!hubEdit), record.ReasonSpokeWins
	case e.at.After(now.At), e.at.Equal(now.At) && rank(x, e.place.Connection) < rank(x, now.From):
		return take, record.ReasonNewest
	}
	return keep, record.ReasonOlder
}

func wins(edit bool) ruling {
	if edit {
		return take
	}
	return keep
}
