package workflows

import (
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Position is where a job stands between two steps: what a run hands to the next one when it continues as new. Its size
// depends on what the scenario defines, not on how long the job has run.
type Position struct {
	StartedAt time.Time              `json:"startedAt"`          // When the job's first run began.
	Runs      int                    `json:"runs"`               // How many runs there were before.
	Stopping  bool                   `json:"stopping,omitempty"` // Whether the job was told to stop.
	Root      *list                  `json:"root"`               // The steps of the scenario.
	Steps     map[string]*stepRecord `json:"steps,omitempty"`    // What each step that has begun has come to, by path.
	Results   []job.Result           `json:"results,omitempty"`  // What the job has returned so far.
	Signals   []job.Signal           `json:"signals,omitempty"`  // Signals that came before a step waited for them.
	Taken     []takenSignal          `json:"taken,omitempty"`    // The last signals with an ID, oldest first.
}

// takenSignal is how a signal was answered. Temporal knows it by its ID only within a run.
type takenSignal struct {
	ID string `json:"id"`
	job.SignalTaken
}

// list is where a list of steps stands.
type list struct {
	Next  int              `json:"next"`            // The index of the step that runs, or that comes next.
	Step  *frame           `json:"step,omitempty"`  // Where that step stands, once it has begun.
	Names jsonvalue.Object `json:"names,omitempty"` // The names that the list has added, with their values.
	Steps jsonvalue.Object `json:"steps,omitempty"` // The outcomes of its steps that have a name.
}

// begun reports whether a step of the list has begun.
func (l *list) begun() bool { return l.Next > 0 || l.Step != nil }

// frame is where a step stands that has begun and not ended. Each control operation uses the part that it needs.
type frame struct {
	StartedAt time.Time  `json:"startedAt"`
	Deadline  *time.Time `json:"deadline,omitempty"` // When its timeout ends it, or what it waits for.

	Looks int64  `json:"looks,omitempty"` // How often its expressions were evaluated: what random values come from.
	Block string `json:"block,omitempty"` // The block whose steps run.
	List  *list  `json:"list,omitempty"`  // Where they stand.
	Round int64  `json:"round,omitempty"` // Of a While: the number of the round, from 0.

	Params   jsonvalue.Object   `json:"params,omitempty"`   // Parameters that were evaluated when the step began.
	Loop     *loop              `json:"loop,omitempty"`     // Of a ForEach.
	Branches map[string]*branch `json:"branches,omitempty"` // Of a Parallel, by name.
	Failure  *failure           `json:"failure,omitempty"`  // Why the other lanes are being stopped, or what a catch handles.
	Ending   *ending            `json:"ending,omitempty"`   // What goes on when the rest has ended: finally, or other lanes.
}

// enter makes a block the one whose steps run.
func (f *frame) enter(block string) {
	f.Block, f.List = block, newList()
}

func newList() *list { return &list{Names: jsonvalue.Object{}, Steps: jsonvalue.Object{}} }

// loop is where a ForEach stands.
type loop struct {
	Entries []jsonvalue.Value `json:"entries,omitempty"` // The list, or the page of records at hand.
	Base    int64             `json:"base,omitempty"`    // The number of the first of them, from 0.
	Next    int64             `json:"next,omitempty"`    // The number of the round that begins next.
	Key     string            `json:"key,omitempty"`     // Where the records were set aside.
	Offset  int64             `json:"offset,omitempty"`  // Where the next page begins; 0 where there is none.

	Rounds map[int64]*list `json:"rounds,omitempty"` // The rounds that have begun and not ended, by number.
	Ended  int64           `json:"ended,omitempty"`  // How many have ended.
	Failed int64           `json:"failed,omitempty"` // How many of those failed.
	Errors []roundError    `json:"errors,omitempty"` // The first of their errors.
}

// roundError is the error of one round of a ForEach, or of one branch of a Parallel.
type roundError struct {
	Index   int64    `json:"index,omitempty"`
	Branch  string   `json:"branch,omitempty"`
	Failure *failure `json:"failure"`
}

// branch is where a branch of a Parallel stands.
type branch struct {
	List    *list    `json:"list,omitempty"`
	Ended   bool     `json:"ended,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// ending is how steps ended that something still has to be done after.
type ending struct {
	Failure *failure        `json:"failure,omitempty"`
	Returns bool            `json:"returns,omitempty"`
	Value   jsonvalue.Value `json:"value,omitzero"` // What a Return gave, which may be nothing.
	Stopped bool            `json:"stopped,omitempty"`
}
