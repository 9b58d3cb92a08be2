package csv

import (
	"runtime"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// plainBytes are the bytes of the text forms of numbers, booleans, dates and times.
const plainBytes = "0123456789+-.:TZeINaftinyrusl"

// output is the text of a batch, which a goroutine appends.
type output struct {
	text  []byte
	err   error
	ended chan struct{}
}

// markPlain marks the columns whose values, except NULL, need neither quotes nor a check: no byte of their text forms is special,
// and none of the text forms can be the text for NULL.
func (w *Writer) markPlain() {
	w.plain = make([]bool, len(w.schema))

	if slices.ContainsFunc([]byte(plainBytes), func(c byte) bool { return w.special[c] }) ||
		w.null != "" && strings.Trim(w.null, plainBytes) == "" {
		return
	}

	for i, column := range w.schema {
		switch column.Type {
		case source.Integer, source.Decimal, source.Float, source.Boolean, source.Date, source.Time, source.Datetime,
			source.Timestamp:
			w.plain[i] = w.parsers[i] == nil
		case source.Text, source.Binary, source.JSON, source.UUID, source.Array:
		}
	}
}

// AppendBatch writes the records of a batch, and releases it. Batches are converted to text in goroutines, as many as processors
// run; an error of a batch may be returned by a later call.
func (w *Writer) AppendBatch(batch *source.Batch) error {
	if err := w.flush(); err != nil {
		return err
	}

	if err := w.writeOutputs(runtime.GOMAXPROCS(0) - 1); err != nil {
		return err
	}

	added := &output{ended: make(chan struct{}), text: w.buffer} // Of the output that was written last.
	w.buffer = nil
	w.outputs = append(w.outputs, added)

	before := w.records
	w.records += int64(batch.Len) // The goroutine releases the batch.

	go added.fill(w, batch, before)

	return nil
}

// writeOutputs writes the first outputs, until no more than a number of them are left.
func (w *Writer) writeOutputs(left int) error {
	for len(w.outputs) > left {
		first := w.outputs[0]
		w.outputs = w.outputs[1:]

		<-first.ended

		if _, err := w.to.Write(first.text); err != nil {
			return err
		}

		if first.err != nil {
			return first.err
		}

		w.buffer = first.text[:0]
	}

	return nil
}

// fill appends the text of a batch. before is the number of records before the batch.
func (o *output) fill(w *Writer, batch *source.Batch, before int64) {
	defer close(o.ended)
	defer source.Recover(&o.err)

	for record := range batch.Len {
		begin := len(o.text)

		for i := range batch.Columns {
			var wrong *fault
			if o.text, wrong = w.appendValue(o.text, i, &batch.Columns[i], record); wrong != nil {
				o.text, o.err = o.text[:begin], w.inRecord(wrong, i, before+int64(record)+1)

				return
			}
		}

		o.text = append(o.text, '\n')
	}

	batch.Release()
}

// appendValue appends the separator before the i-th field, and the field, like [Writer.appendField].
func (w *Writer) appendValue(to []byte, i int, values *source.Vector, record int) ([]byte, *fault) {
	if w.parsers[i] != nil {
		return w.appendField(to, i, w.schema[i].Standard, values.Value(record))
	}

	if i > 0 {
		to = append(to, w.separator...)
	}

	if values.IsNull(record) {
		return append(to, w.null...), nil
	}

	begin := len(to)

	appended, err := values.AppendText(to, w.schema[i].Standard, record)
	if err != nil {
		return to, invalidValue(err)
	}

	if w.plain[i] {
		return appended, nil
	}

	return w.quoteIfSpecial(appended, begin)
}
