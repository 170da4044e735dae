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
	LookUp      Outcome = "look_up"     // look for the records of Lookups, and decide again with what was found
	Unsupported Outcome = "unsupported" // not an observation of anything configured
)
