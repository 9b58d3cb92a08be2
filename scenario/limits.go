package scenario

import "time"

// Limits are the limits that an app sets for its steps.
type Limits struct {
	// QueryTimeout is the limit of an attempt that only reads, of steps without a timeout; 0 means [DefaultQueryTimeout].
	QueryTimeout Duration `json:"queryTimeout,omitempty"`

	// MaxStepTimeout is the largest timeout of an attempt of a data operation; 0 for no maximum.
	MaxStepTimeout Duration `json:"maxStepTimeout,omitempty"`
}

// DefaultQueryTimeout is the limit of an attempt that only reads: a query whose records are returned, and a look-up. A query
// without an end, such as a recursion without a condition, would otherwise occupy a database for a day.
const DefaultQueryTimeout = Duration(time.Hour)
