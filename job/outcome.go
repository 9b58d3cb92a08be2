package job

import (
	"encoding/json"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Outcome is the outcome of a job.
type Outcome struct {
	// When the job began. After a continue-as-new, Temporal's start time is that of the last run.
	StartedAt time.Time `json:"startedAt,omitzero"`

	Results []Result         `json:"results"` // In the order in which the steps returned them.
	Steps   []StepStatus     `json:"steps"`
	Value   *jsonvalue.Value `json:"value,omitempty"` // The value of a Return; nil if there was none.
}

// Result refers to a result set in the result store.
type Result struct {
	Name    *string `json:"name"`    // nil if the step gave it none.
	Key     string  `json:"key"`     // Its key in the store; empty if it is Inline.
	Records int64   `json:"records"` // How many records it holds.
	// The number of bytes before its records: the schema, which a caller may exclude.
	SchemaBytes int64 `json:"schemaBytes"`
	// The number of bytes of the result set, if an index follows it in the store; 0 if none does.
	Bytes int64 `json:"bytes,omitempty"`
	// The result set itself, if it is small, in the bytes in which the store would contain it.
	Inline json.RawMessage `json:"inline,omitempty"`
}

// StepOutcome is the result of a data operation's activity.
type StepOutcome struct {
	Rows     int64           `json:"rows"`               // Records written or returned.
	Rejected int64           `json:"rejected,omitempty"` // Records that a load has stored in its rejectTable.
	Result   *Result         `json:"result,omitempty"`
	Value    jsonvalue.Value `json:"value,omitzero"` // The value of the step, for later steps.

	// Read lists the files that were read, if the step drops them afterwards. Sources without files report none.
	Read []source.Part `json:"read,omitempty"`

	// Recorded reports whether the target's ledger contains the outcome, so that a repetition of the step returns the same.
	Recorded bool `json:"recorded,omitempty"`

	// Conversions lists the columns that the target stores in another type than the source.
	Conversions []source.Conversion `json:"conversions,omitempty"`
}

// Kept is a loaded table that was kept although it should have been dropped.
type Kept struct {
	Table  string `json:"table" description:"The file or table."`
	Reason string `json:"reason" description:"Why it was kept."`
}
