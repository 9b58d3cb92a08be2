package source

import (
	"context"
	"strings"
)

// Batches implements [Batched], if the wrapped rows do.
func (c *converted) Batches() Batches {
	batches := BatchesOf(c.Rows)
	if batches == nil {
		return nil
	}

	return &convertedBatches{converted: c, batches: batches, free: make(chan []Vector, 8)}
}

// convertedBatches converts the columns of batches to other types. If a value of a batch can't be converted, the records of the
// batch are converted one by one, as Next does.
type convertedBatches struct {
	*converted

	batches Batches
	free    chan []Vector // The memory of columns that were released.
	end     error         // Why there are no more batches.
}

func (b *convertedBatches) NextBatch(ctx context.Context) (*Batch, error) {
	for b.end == nil {
		batch, err := b.batches.NextBatch(ctx)
		if err != nil {
			b.end = err

			break
		}

		before := b.count
		b.count += int64(batch.Len)

		if columns, ok := b.convertColumns(batch); ok {
			return b.withColumns(batch, columns), nil
		}

		var accepted *Batch
		if accepted, b.end = b.convertRecords(ctx, batch, before); accepted.Len > 0 {
			return accepted, nil
		}
	}

	return nil, b.end
}

// convertColumns returns the converted columns of a batch, or reports false if a value can't be converted.
func (b *convertedBatches) convertColumns(batch *Batch) (columns []Vector, ok bool) {
	select {
	case columns = <-b.free:
	default:
		columns = make([]Vector, len(b.changes))
		for i := range columns {
			columns[i].Type = b.changes[i].to.Type
		}
	}

	for i := range b.changes {
		columns[i].Reset()

		if !b.convertColumn(&b.changes[i], &batch.Columns[b.changes[i].at], &columns[i], batch.Len) {
			return nil, false
		}
	}

	return columns, true
}

// convertColumn appends the converted values of a column to another one.
func (b *convertedBatches) convertColumn(c *change, from, to *Vector, length int) bool {
	texts := ""
	if isFast := b.fast != nil && c.parser == nil && (from.Type == Text || from.Type == JSON); isFast {
		texts = string(from.Bytes) // One string for all values.
	}

	for i, begin := 0, 0; i < length; i++ {
		text := ""

		if texts != "" {
			text, begin = texts[begin:from.Ends[i]], from.Ends[i]
		}

		if from.IsNull(i) {
			to.AppendNull()

			continue
		}

		if text != "" && b.fast(c, text, to) {
			to.Extended()

			continue
		}

		value, err := b.value(c, from.Value(i))
		if err != nil || to.Append(value) != nil {
			return false
		}
	}

	return true
}

// withColumns returns a batch with some columns replaced by converted ones. It releases the original batch when it is released.
func (b *convertedBatches) withColumns(batch *Batch, columns []Vector) *Batch {
	all := make([]Vector, len(batch.Columns))
	copy(all, batch.Columns)

	for i := range b.changes {
		all[b.changes[i].at] = columns[i]
	}

	return &Batch{Columns: all, Len: batch.Len, Locate: batch.Locate, Free: func(released *Batch) {
		for i := range b.changes { // The owner may have replaced the memory by larger one.
			columns[i] = released.Columns[b.changes[i].at]
		}

		select {
		case b.free <- columns:
		default:
		}

		batch.Release()
	}}
}

// convertRecords converts the records of a batch one by one, up to the first error. before is the number of records before the
// batch.
func (b *convertedBatches) convertRecords(ctx context.Context, batch *Batch, before int64) (accepted *Batch, end error) {
	accepted = NewBatch(b.schema)
	locations := []string{}

	for i := range batch.Len {
		record, location := batch.Record(i, nil), batch.Location(i, before)

		if message, err := b.convert(record); err != nil {
			end = b.refuse(ctx, record, location, message, err)
		} else if end = accepted.Append(record); end == nil {
			locations = append(locations, location)
		}

		if end != nil {
			break
		}
	}

	batch.Release()
	accepted.Locate = func(i int) string { return locations[i] }

	return accepted, end
}

// declaredFast appends the value of a text or of JSON as convertDeclared converts it, if that needs no Go value.
func declaredFast(c *change, text string, to *Vector) bool {
	if c.from.Type == Text {
		return to.parse(c.to, text)
	}

	switch first, last := text[0], text[len(text)-1]; { // White space may surround JSON.
	case first == '"' && last == '"' && len(text) > len(`""`):
		inner := text[1 : len(text)-1]

		return strings.IndexByte(inner, '\\') < 0 && to.parse(c.to, inner)
	case (first == '-' || isDigit(first)) && isDigit(last):
		return to.parse(c.to, text)
	}

	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// inferredFast appends the value of a text as inferredValue returns it, if that needs no Go value.
func inferredFast(c *change, text string, to *Vector) bool {
	if c.from.Type != Text {
		return false
	}

	switch c.to.Type { //nolint:exhaustive // The others have several forms, or are rare.
	case Integer, Decimal, Float:
		if !isNumber(text) { // A number in canonical form.
			return false
		}

		if c.to.Type != Float {
			return to.parse(c.to, text)
		}

		value, ok := shortFloat(text)

		return appendIf(ok, &to.Floats, value)
	case Boolean, Date, Datetime, Timestamp:
		return to.parse(c.to, text)
	}

	return false
}

// Batches implements [Batched], if the wrapped rows do.
func (b *buffered) Batches() Batches {
	batches := BatchesOf(b.Rows)
	if batches == nil {
		return nil
	}

	return &bufferedBatches{b, batches}
}

// bufferedBatches returns the buffered records before the batches of the wrapped rows.
type bufferedBatches struct {
	*buffered

	batches Batches
}

func (b *bufferedBatches) NextBatch(ctx context.Context) (*Batch, error) {
	if len(b.records) == 0 {
		return b.batches.NextBatch(ctx)
	}

	return collect(ctx, b.buffered, b.count, min(BatchRecords, len(b.records))) // The records are in memory.
}
