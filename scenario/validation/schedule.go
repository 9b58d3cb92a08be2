package validation

import (
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// CheckSchedule checks the expressions of a schedule of the app: its parameters and its condition, as fields of an object. They
// can read variables of the app and [scenario.NameScheduledAt]. The error is a [problem.List] whose paths begin with path.
func CheckSchedule(path string, expressions map[string]any, app Environment) error {
	type fields struct {
		Parameters map[string]any     `json:"parameters"`
		OnlyIf     scenario.Condition `json:"onlyIf"`
	}

	check := newChecker("", nil, &app)
	check.names = check.outermost([]scenario.Parameter{{Name: scenario.NameScheduledAt, Type: source.Timestamp}})
	check.object(path, expressions, schema.Fields[fields]())

	return check.Problems.Err()
}
