package record

import (
	"time"
)

// Fields holds a record's values in the platform's spelling. A missing key was not read and says nothing;
// "" is a blank. Numbers are decimal text, booleans "true" or "false", dates ISO 8601. Treat as immutable once shared.
type Fields map[PlatformField]string

// HubValues holds an entity's values in hub fields. A missing key is unknown; "" is a blank.
type HubValues map[HubField]string

// Snapshot is one record as read.
type Snapshot struct {
	Ref
	// Fields holds every requested field that the platform returned. A field the record lacks is absent, a null is "".
	Fields Fields `json:"fields"`
	// Gone names requested fields that the platform has no longer, such as a custom field that was deleted.
	Gone []PlatformField `json:"gone,omitempty"`
	// Several holds requested fields that have several values where one is mapped, such as the contacts of a deal, and nothing on the
	// platform says which of them counts. They are not in Fields.
	Several map[PlatformField][]string `json:"several,omitempty"`
	// Version is the platform's token for a conditional update (SyncToken); "" where it has none.
	Version string `json:"version,omitempty"`
	// ModifiedAt is the platform's own stamp of the record's last change, by its clock; zero where it tells none.
	ModifiedAt time.Time `json:"modified_at,omitzero"`
	// FieldTimes holds, per field, when the platform says that it last changed. Nil where it does not say.
	FieldTimes map[PlatformField]time.Time `json:"field_times,omitempty"`
	// ReadBegan is our clock just before the request left.
	ReadBegan time.Time `json:"read_began"`
	// Lagging marks a read from an index that trails the records (a search): it serves as a hint only.
	Lagging bool `json:"lagging,omitempty"`
	// Archived marks a record that the platform keeps but hides from its users.
	Archived bool `json:"archived,omitempty"`
}

// Evidence says how an absence was proved.
type Evidence string

// The ways in which a record can be shown to be gone. Only EvidenceNotFound needs a second read to count.
const (
	EvidenceNotFound Evidence = "not_found" // a read by id found nothing
	EvidenceDeleted  Evidence = "deleted"   // the platform's own deletion event or list, confirmed by a read
	EvidenceArchived Evidence = "archived"  // the record is kept but archived or inactive
	EvidenceMerged   Evidence = "merged"    // the record was merged into another
)

// Absence says that a record is gone, and how we know.
type Absence struct {
	Ref
	Evidence Evidence `json:"evidence"`
	// Into is the surviving record of a merge; "" where the platform does not tell.
	Into      ExternalID `json:"into,omitempty"`
	ReadBegan time.Time  `json:"read_began"`
}
