package sqlite

import (
	"encoding/json"
	"time"

	"github.com/jobwright/jobwright/source"
)

// encodeAt is like encode for a value of a batch. The usual types need no allocation.
func (e *encoder) encodeAt(to *target, values *source.Vector, at int, param *parameter) error {
	switch {
	case values.IsNull(at):
		param.class = classNull

		return nil
	case to.from.Type != to.to.Type:
		return e.encode(to, values.Value(at), param)
	}

	switch to.to.Type {
	case source.Text: // The text is copied.
		return e.text(viewText(values.At(at)), param)
	case source.Integer:
		param.class, param.integer = classInteger, values.Ints[at]

		return nil
	case source.Float:
		return encodeFloat(values.Floats[at], param)
	case source.Boolean:
		param.class, param.integer = classInteger, 0
		if values.Bools[at] {
			param.integer = 1
		}

		return nil
	case source.Decimal: // Neither the parameter nor an error refers to the digits.
		return e.decimal(to, source.Number(viewText(values.At(at))), param)
	case source.Binary:
		return storeParameter(classBinary, e.arena, values.At(at), param)
	case source.JSON:
		return e.json(json.RawMessage(values.At(at)), param)
	case source.Datetime, source.Timestamp:
		if values.Times[at].Location() == time.UTC { // Otherwise encode checks the offset.
			return e.moment(to, values, at, param)
		}
	case source.Date:
		return e.moment(to, values, at, param)
	case source.Time, source.UUID, source.Array:
	}

	return e.encode(to, values.Value(at), param)
}

// moment stores a date or a time in UTC in its text form, like form.
func (e *encoder) moment(to *target, values *source.Vector, at int, param *parameter) error {
	var err error
	if e.scratch, err = values.AppendText(e.scratch[:0], to.to, at); err != nil {
		return err
	}

	if to.to.Type == source.Datetime {
		e.scratch[len(time.DateOnly)] = ' ' // Instead of T, as in SQLite's date functions.
	}

	return storeParameter(classText, e.arena, e.scratch, param)
}
