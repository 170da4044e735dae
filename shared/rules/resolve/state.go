package resolve

import (
	"maps"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// EntityState is where an entity stands.
type EntityState string

// The entity states.
const (
	EntityLive        EntityState = "live"
	EntityQuarantined EntityState = "quarantined" // held whole: which entity it is, is for a person to say
	EntityMerged      EntityState = "merged"      // an alias of Into
)

// Entity is one real-world thing, in hub fields. Values are never changed in place: a decision returns a new one.
type Entity struct {
	Group record.Group    `json:"group"`
	ID    record.EntityID `json:"id"`
	Type  record.Object   `json:"type"`
	State EntityState     `json:"state"`
	// Into is the survivor, when merged.
	Into record.EntityID `json:"into,omitempty"`
	// Why says why it is quarantined.
	Why record.Reason `json:"why,omitempty"`
	// Born is the place of its first record.
	Born   record.Place               `json:"born"`
	Fields map[record.HubField]Value  `json:"fields"`
	Parked map[record.HubField]Parked `json:"parked,omitempty"`
	// Holds are operations that wait for a person, by place.
	Holds   map[string]Hold        `json:"holds,omitempty"`
	Filters map[string]FilterState `json:"filters,omitempty"` // by mapping name
	// Leftovers are records that a merge of two entities left without a place: somebody has to merge them there too.
	Leftovers []record.Ref      `json:"leftovers,omitempty"`
	Keys      map[string]string `json:"keys,omitempty"` // match rule -> hash of the key it holds
	// Left are the keys that it held recently, newest last, at most leftKeysMax.
	Left []LeftKey `json:"left,omitempty"`
	// Matching is the digest of the match rules that Keys are of.
	Matching string `json:"matching,omitempty"`
	// Config is the digest of the rules of its last commit.
	Config        string `json:"config,omitempty"`
	ConfigVersion int64  `json:"config_version,omitempty"`
	// Journal is the newest journal entry; older ones are rows of their own.
	Journal *Entry `json:"journal,omitempty"`
	// Rev is the row's revision, 0 for a new entity.
	Rev int64 `json:"-"`
}

// Value is one field of an entity.
type Value struct {
	Text string            `json:"v"`
	From record.Connection `json:"from"`
	// At is when the value was set, by the platform's stamp clamped to our receipt.
	At time.Time `json:"at"`
	// First marks a value that was there at first sight, not set by an edit that we saw; a better ranked first sight
	// replaces it.
	First bool `json:"first,omitempty"`
	// Edited is the revision of the entity at which somebody's edit set the value last; 0 if none did.
	Edited int64 `json:"edited,omitempty"`
}

// Parked holds a field for a person, with every candidate. It is due nowhere.
type Parked struct {
	Reason     record.Reason `json:"reason"`
	Since      time.Time     `json:"since"`
	Candidates []Candidate   `json:"candidates"`
}

// Candidate is one value that a parked field might take.
type Candidate struct {
	Place record.Place `json:"place"`
	Text  string       `json:"v"`
	At    time.Time    `json:"at"`
}

// Hold is an operation that cannot be done until a person acts.
type Hold struct {
	Reason record.Reason          `json:"reason"`
	Since  time.Time              `json:"since"`
	Fields []record.PlatformField `json:"fields,omitempty"`
}

// FilterState is where an entity stands with one mapping's filter.
type FilterState struct {
	Digest string `json:"digest"` // of the filter it was judged by
	// Before marks an entity that was inside this filter at first sight: it never counts as having entered it.
	Before bool `json:"before,omitempty"`
	Inside bool `json:"inside,omitempty"`
	// Entered stays once the entity was seen to enter.
	Entered   bool      `json:"entered,omitempty"`
	EnteredAt time.Time `json:"entered_at,omitzero"`
}

// LinkState is where a link stands.
type LinkState string

// The link states.
const (
	LinkNone        LinkState = "none"     // a row with history, no record
	LinkCreating    LinkState = "creating" // a create was attempted, its outcome not yet known
	LinkLive        LinkState = "live"
	LinkTombstone   LinkState = "tombstone"
	LinkUnlinked    LinkState = "unlinked" // the record lives on and is ours no more, by the mapping's delete policy
	LinkQuarantined LinkState = "quarantined"
)

// Link ties an entity to one record at one place. Values are never changed in place.
type Link struct {
	Place record.Place      `json:"place"`
	ID    record.ExternalID `json:"id,omitempty"`
	State LinkState         `json:"state"`
	// Base is what the platform last told us it holds; Sent what we last asked it to hold. In the platform's own
	// spelling and form, so that a changed transform compares again and no digest of an old form remains.
	Base record.Fields `json:"base,omitempty"`
	Sent record.Fields `json:"sent,omitempty"`
	// Version and ModifiedAt are the platform's, of the newest state absorbed or written.
	Version    string    `json:"version,omitempty"`
	ModifiedAt time.Time `json:"modified_at,omitzero"`
	// TouchedAt is our clock at the last commit, attempt or receipt of this link.
	TouchedAt time.Time `json:"touched_at,omitzero"`
	Lease     Lease     `json:"lease,omitzero"`
	// Attempts are remote writes whose outcome is unknown, oldest first, at most AttemptsMax.
	Attempts []Attempt `json:"attempts,omitempty"`
	// NotBefore postpones writes.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Failures counts failed writes since the last receipt, for the backoff.
	Failures int `json:"failures,omitempty"`
	// Seen are values that say nothing, by field: kept beside base and sent, and shown. See rule 14.
	Seen map[record.PlatformField]Seen `json:"seen,omitempty"`
	// Waived are values that this link may keep although they differ.
	Waived record.Fields `json:"waived,omitempty"`
	// Reverts marks edits by another than the owner that are to be undone.
	Reverts map[record.PlatformField]bool `json:"reverts,omitempty"`
	// Overtaken marks fields that the place owns and that may be written all the same, until their owner edits them: they
	// hold an older value of ours, for the entity moved on while we made the record; or an operator decided against them.
	Overtaken map[record.PlatformField]bool `json:"overtaken,omitempty"`
	// Knew is what fields showed of the entity when somebody blanked them, where by the policy a blank replaces nothing: what is
	// set there next knows that value.
	Knew record.Fields `json:"knew,omitempty"`
	// Kept marks fields that held a value before the link and that the pair cannot bring to the hub: not ours to overwrite
	// until its source is edited. The number is the entity's revision at which they were seen.
	Kept map[record.PlatformField]int64 `json:"kept,omitempty"`
	// Ours marks a record that was the entity's, or another's that became it, before the link began again: nothing in it is as found.
	// It holds until the record is next taken in.
	Ours bool `json:"ours,omitempty"`
	// Rejected are values that the platform refused, by field; CreateField for a refused create.
	Rejected map[record.PlatformField]Rejection `json:"rejected,omitempty"`
	// Evidence says how a tombstone's absence was proved.
	Evidence record.Evidence `json:"evidence,omitempty"`
	// ArchivedByUs marks a tombstone that we made.
	ArchivedByUs bool `json:"archived_by_us,omitempty"`
	// Restored marks a record that a person made live again: deletions elsewhere, older than that, leave it alone.
	Restored bool `json:"restored,omitempty"`
	// Writes counts this hour's writes, for the loop breaker.
	Writes WriteCount `json:"writes,omitzero"`
	Rev    int64      `json:"-"`
}

// WriteCount is how many writes a link took in the hour that began at Since.
type WriteCount struct {
	Since time.Time `json:"since,omitzero"`
	Count int       `json:"n,omitempty"`
}

// The loop breaker: a record that we write more often than this in an hour is in a loop, between a platform's own
// automation and ours as a rule. It rests until the hour is over, and is shown.
const (
	loopWrites = 20
	loopHour   = time.Hour
)

// AttemptsMax bounds unresolved attempts of one link; at the limit nothing more is written until one is resolved.
const AttemptsMax = 4

// CreateField stands for the whole record in Link.Rejected.
const CreateField record.PlatformField = "*"

// Lease is the right to write a link until a time. Fence counts holders; a receipt of an older one is refused.
type Lease struct {
	Until time.Time `json:"until,omitzero"`
	Fence int64     `json:"fence,omitempty"`
}

// Attempt is a remote write recorded before its call.
type Attempt struct {
	Key       string           `json:"key"`
	Operation record.Operation `json:"op"`
	Fields    record.Fields    `json:"fields"`
	At        time.Time        `json:"at"`
	// Tries counts how often it was tried under this key: what the last try says of itself says nothing of the others.
	Tries int `json:"tries,omitempty"`
}

// Rejection is a value that the platform refused. It is not due again until the value changes.
type Rejection struct {
	Value string    `json:"v"`
	Code  string    `json:"code,omitempty"`
	At    time.Time `json:"at"`
}

// Entry is one journal entry: what changed, from which observation, by which rule, under which configuration.
type Entry struct {
	Rev      int64         `json:"rev"` // of the entity row that it explains
	At       time.Time     `json:"at"`
	Change   string        `json:"change,omitempty"` // the change record's ID
	Record   record.Ref    `json:"record,omitzero"`
	Outcome  Outcome       `json:"outcome"`
	Reason   record.Reason `json:"reason"`
	Config   string        `json:"config"`
	Changes  []FieldChange `json:"changes,omitempty"`
	LinkedAs LinkState     `json:"linked_as,omitempty"`
}

// FieldChange is one field's fate in a decision: for the journal, explain and the terminal.
type FieldChange struct {
	Field record.HubField `json:"field"`
	Old   string          `json:"old"`
	New   string          `json:"new"`
	// Reason says why it was taken, or not: a change with Taken false left the entity as it was.
	Reason record.Reason `json:"reason"`
	Taken  bool          `json:"taken"`
}

// KeyRow is a match key's row: who holds it, who held it recently, and whose value waits for it.
type KeyRow struct {
	Holders []record.EntityID `json:"holders,omitempty"`
	Former  []Former          `json:"former,omitempty"`
	// Waits are the records that showed a value which would take the key: they are read again when it becomes free.
	Waits []record.Ref `json:"waits,omitempty"`
	Rev   int64        `json:"-"`
}

// Former is an entity that held a key until a recent time: a match on it quarantines.
type Former struct {
	Entity record.EntityID `json:"entity"`
	Until  time.Time       `json:"until"`
}

// LeftKey is a key that an entity held until recently: a record elsewhere may still show it, and be the entity's.
type LeftKey struct {
	Rule  string    `json:"rule"`
	Hash  string    `json:"key"`
	Until time.Time `json:"until"`
}

// FormerKeyLife is how long a moved key remembers who held it, and its former holder the key.
const FormerKeyLife = 30 * 24 * time.Hour

// leftKeysMax bounds the former keys that an entity remembers.
const leftKeysMax = 4

// holdersMax bounds the holders of one key that are remembered; two are as ambiguous as twenty.
const holdersMax = 16

// SameContent reports whether two versions of a link differ in nothing but lease, revision and when they were touched.
func SameContent(a, b *Link) bool {
	return a.ID == b.ID && a.State == b.State && maps.Equal(a.Base, b.Base) && maps.Equal(a.Sent, b.Sent) && len(a.Attempts) == len(b.Attempts) && maps.Equal(a.Seen, b.Seen)
}
