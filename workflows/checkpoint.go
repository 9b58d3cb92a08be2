package workflows

import (
	"encoding/json"
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Checkpoint is the state of a job between two steps, which a run passes to the next one when it continues as new. Its
// size depends on the scenario's definition, not on how long the job has run.
type Checkpoint struct {
	StartedAt time.Time              `json:"startedAt"`          // When the job's first run began.
	Runs      int                    `json:"runs"`               // How many runs there were before.
	Stopping  bool                   `json:"stopping,omitempty"` // Whether the job was cancelled.
	Paused    *job.Pause             `json:"paused,omitempty"`   // Who paused the job, and when; nil if it is not paused.
	Root      *list                  `json:"root"`               // The steps of the scenario.
	Steps     map[string]*stepRecord `json:"steps,omitempty"`    // The record of each step that has begun, by path.
	Results   []job.Result           `json:"results,omitempty"`  // The results that the job has returned so far.
	Signals   []job.Signal           `json:"signals,omitempty"`  // Signals that came before a step waited for them.
	Accepted  []acceptedSignal       `json:"accepted,omitempty"` // The last signals with an ID, oldest first.

	// Of a job that continues another one.
	Continued *continued                 `json:"continued,omitempty"`
	Earlier   map[string]earlierAttempts `json:"earlier,omitempty"`  // Steps without a known outcome, by path with rounds.
	Children  map[string]json.RawMessage `json:"children,omitempty"` // Where their child jobs continue, likewise.
	Changes   map[string]int             `json:"changes,omitempty"`  // How often each parameter has got another value.
}

// earlierAttempts are the attempts of a step in the jobs before this one: the first of them, whose idempotency key all have.
type earlierAttempts struct {
	job.EarlierAttempt

	Inputs []string `json:"inputs,omitempty"` // Digests of the step's parameters, see [machine.continueAttempts].
}

// continued is the first of the jobs that continue each other. Expressions read its ID and its time: the steps that were taken
// over have read them.
type continued struct {
	ID        string    `json:"id"`
	StartedAt time.Time `json:"startedAt"`
}

// acceptedSignal is the answer to a signal. Temporal deduplicates signals by their ID only within a run.
type acceptedSignal struct {
	ID string `json:"id"`
	job.SignalAccepted
}

// list is the state of a list of steps.
type list struct {
	Next  int              `json:"next"`            // The index of the step that runs, or that comes next.
	Step  *frame           `json:"step,omitempty"`  // The state of that step, once it has begun.
	Names jsonvalue.Object `json:"names,omitempty"` // The names that the list has added, with their values.
	Steps jsonvalue.Object `json:"steps,omitempty"` // The outcomes of its steps that have a name.
}

func newList() *list { return &list{Names: jsonvalue.Object{}, Steps: jsonvalue.Object{}} }

// begun reports whether a step of the list has begun.
func (l *list) begun() bool { return l.Next > 0 || l.Step != nil }

// scope returns the scope of the list within another.
func (l *list) scope(outer *scenario.Scope) *scenario.Scope {
	if l.Names == nil {
		l.Names = jsonvalue.Object{}
	}

	if l.Steps == nil {
		l.Steps = jsonvalue.Object{}
	}

	return outer.Inner(l.Names, l.Steps)
}

// frame is the state of a step that has begun and not ended. Each control operation uses the fields that it needs.
type frame struct {
	StartedAt time.Time  `json:"startedAt"`
	Deadline  *time.Time `json:"deadline,omitempty"` // When a wait, or a finally of a job that is being stopped, ends.

	// Evaluations counts how often the step evaluated expressions; the seed of random values contains it.
	Evaluations int64 `json:"evaluations,omitempty"`

	Block string `json:"block,omitempty"` // The block whose steps run.
	List  *list  `json:"list,omitempty"`  // The state of these steps.
	Round int64  `json:"round,omitempty"` // Of a While: the number of the round, from 0.

	Params   json.RawMessage    `json:"params,omitempty"`   // The resolved parameters, as JSON of the operation's struct.
	Loop     *loop              `json:"loop,omitempty"`     // Of a ForEach.
	Branches map[string]*branch `json:"branches,omitempty"` // Of a Parallel, by name.
	Failure  *failure           `json:"failure,omitempty"`  // Why the other slots are being stopped, or what a catch handles.
	Ending   *ending            `json:"ending,omitempty"`   // How steps ended before a finally, or before other slots end.

	resolved any // Params as the operation's struct; nil in a frame that was read from a checkpoint.
}

// enter makes a block the one whose steps run.
func (f *frame) enter(block string) {
	f.Block, f.List = block, newList()
}

// loop is the state of a ForEach.
type loop struct {
	Entries []jsonvalue.Value `json:"entries,omitempty"` // The list, or the current page of records.
	Base    int64             `json:"base,omitempty"`    // The number of the first of these entries, from 0.
	Next    int64             `json:"next,omitempty"`    // The number of the round that begins next.
	Total   int64             `json:"total,omitempty"`   // How many rounds there are; 0 if unknown.
	Key     string            `json:"key,omitempty"`     // The key of the stored records.
	Offset  int64             `json:"offset,omitempty"`  // The offset of the next page; 0 if there is none.

	Rounds map[int64]*list `json:"rounds,omitempty"` // The rounds that have begun and not ended, by number.
	Ended  int64           `json:"ended,omitempty"`  // How many rounds have ended.
	Failed int64           `json:"failed,omitempty"` // How many of these failed.
	Errors []roundError    `json:"errors,omitempty"` // The first of their errors.
}

// roundError is the error of a round of a ForEach, or of a branch of a Parallel.
type roundError struct {
	Index   int64    `json:"index,omitempty"`
	Branch  string   `json:"branch,omitempty"`
	Failure *failure `json:"failure"`
}

// branch is the state of a branch of a Parallel.
type branch struct {
	List    *list    `json:"list,omitempty"`
	Ended   bool     `json:"ended,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// ending is how steps ended, while the step around them still has work to do. The zero value is success.
type ending struct {
	Failure *failure        `json:"failure,omitempty"`
	Returns bool            `json:"returns,omitempty"`
	Value   jsonvalue.Value `json:"value,omitzero"` // The value of the Return, which may be null.
	Stopped bool            `json:"stopped,omitempty"`
}
