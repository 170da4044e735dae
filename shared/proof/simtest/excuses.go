package simtest

// Excuse is why the oracle lets pass what it would otherwise object to. Every time that one is taken is counted and told: an
// excuse that is often needed hides faults.
type Excuse string

// The excuses.
const (
	excuseDoubt           Excuse = "a manual conflict while an outcome was unknown"
	excuseDoubtfulRemoval Excuse = "a person deleted a record while an archive of ours was in doubt"
	excuseJoined          Excuse = "a merge of two things brought the value"
	excuseStoodApart      Excuse = "values stood apart by the rules of the owner that was replaced"
	excuseShownElsewhere  Excuse = "a create waits because a record at another place shows its email"
	excuseMergedMeanwhile Excuse = "records were merged while another was made"
)

// excuse takes an excuse if it holds.
func (w *world) excuse(why Excuse, holds bool) bool {
	if holds {
		w.excused[why]++
	}
	return holds
}
