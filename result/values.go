package result

import (
	"fmt"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// Values turns records into values of scenarios, in the forms in which results answer them: a date, a moment and binary
// data are text. An integer stays one, and so does a float. A decimal is the text of its digits, because no float holds
// them all; JSON is the value that it says, and an array is a list.
type Values struct {
	encoder *exactEncoder
	line    []byte
}

// NewValues returns what turns the records of a schema into values. The error is [ErrInvalid] where an object can't have
// those columns.
func NewValues(schema source.Schema) (*Values, error) {
	encoder, err := newExactEncoder(schema)

	return &Values{encoder: encoder}, err
}

// Record returns the record as an object. The error is [ErrInvalid] where that can't be.
func (v *Values) Record(record source.Record) (scenario.Params, error) {
	var err error
	if v.line, err = v.encoder.appendRecord(v.line[:0], record); err != nil {
		return nil, err
	}

	return decodeRecord(v.line)
}

func decodeRecord(line []byte) (scenario.Params, error) {
	var record scenario.Params
	if err := record.UnmarshalJSON(line); err != nil {
		return nil, fmt.Errorf("a record can't be read back: %w", err)
	}

	return record, nil
}
