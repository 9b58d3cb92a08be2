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

	var (
		moment time.Time
		layout string
	)

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
	case source.Date: // Package time formats RFC 3339 fastest.
		moment, layout = time.Unix(values.Ints[at]*secondsOfDay, 0).UTC(), time.RFC3339
	case source.Datetime:
		moment, layout = values.Times[at], datetimeLayout
	case source.Timestamp:
		moment, layout = values.Times[at], time.RFC3339Nano
	case source.Time, source.UUID, source.Array:
	}

	// encode checks offsets and years of more than four digits.
	if year := moment.Year(); layout == "" || moment.Location() != time.UTC || year < 0 || year > 9999 {
		return e.encode(to, values.Value(at), param)
	}

	e.scratch = moment.AppendFormat(e.scratch[:0], layout)
	if to.to.Type == source.Date {
		e.scratch = e.scratch[:len(time.DateOnly)]
	}

	return storeParameter(classText, e.arena, e.scratch, param)
}

// secondsOfDay is the number of seconds of a day in UTC.
const secondsOfDay = 24 * 60 * 60
