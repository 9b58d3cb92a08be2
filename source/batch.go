package source

import (
	"context"
	"fmt"
)

// The limits of a batch. With 4,096 records, the cost of a batch is negligible compared to that of its values, and the batches
// of a few columns stay in the caches of a processor. 1 MiB bounds the memory of batches of long texts; the last record may
// exceed it.
const (
	BatchRecords = 4096
	BatchBytes   = 1 << 20
)

// Batch is a number of consecutive records, as a [Vector] for each column. A batch has at least one record. Its owner is the
// function that received it last, which may pass it to another goroutine, and releases it. The vectors of a batch are not
// changed, because batches can share them.
type Batch struct {
	Columns []Vector
	Len     int

	// Locate returns the location of the i-th record, as a [Locator] does. It is nil if the locations are unknown. It may be
	// called until the batch is released.
	Locate func(i int) string

	// Free, if it is not nil, takes the memory back. See Release.
	Free func(*Batch)
}

// Batches is a stream of records in batches, to be read by one goroutine.
type Batches interface {
	// NextBatch returns the next records, or io.EOF itself after the last ones, as [Rows.Next] does. If there is an error,
	// the records before it have been returned.
	NextBatch(ctx context.Context) (*Batch, error)
}

// Batched is implemented by [Rows] that may be able to return their records in batches.
type Batched interface {
	Rows

	// Batches returns the records that Next has not returned, in batches, or nil if these rows can't. After the first call of
	// NextBatch, the caller does not call Next any more, and Location has no meaning.
	Batches() Batches
}

// BatchesOf returns the remaining records of rows in batches, or nil if rows return only single records.
func BatchesOf(rows Rows) Batches {
	if batched, ok := rows.(Batched); ok {
		return batched.Batches()
	}

	return nil
}

// NewBatch returns a batch without records, to be filled.
func NewBatch(schema Schema) *Batch {
	b := &Batch{Columns: make([]Vector, len(schema))}
	for i, column := range schema {
		b.Columns[i].Type = column.Type
	}

	return b
}

// Append appends a record. If a value has another Go type than its column, Append returns an error, and the batch can't be used.
func (b *Batch) Append(record Record) error {
	for i := range b.Columns {
		if err := b.Columns[i].Append(record[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}

	b.Len++

	return nil
}

// Record returns the i-th record. It uses the memory of into if that is large enough; the values are independent of the batch.
func (b *Batch) Record(i int, into Record) Record {
	into = into[:0]
	for at := range b.Columns {
		into = append(into, b.Columns[at].Value(i))
	}

	return into
}

// Size returns the size of the records in bytes, as [Record.Size] counts it.
func (b *Batch) Size() int64 {
	size := int64(0)
	for i := range b.Columns {
		size += b.Columns[i].Size()
	}

	return size
}

// Location returns the location of the i-th record. before is the number of records before the batch.
func (b *Batch) Location(i int, before int64) string {
	if b.Locate == nil {
		return fmt.Sprintf("record %d", before+int64(i)+1)
	}

	return b.Locate(i)
}

// Reset removes all records. The memory is used again.
func (b *Batch) Reset() {
	for i := range b.Columns {
		b.Columns[i].Reset()
	}

	b.Len, b.Locate = 0, nil
}

// Undo removes the values that were appended to some columns for a record that is not complete.
func (b *Batch) Undo() {
	for i := range b.Columns {
		b.Columns[i].truncate(b.Len)
	}
}

// Release gives the memory back to the source of the batch. The caller must not use the batch any more. A batch that is not
// released is collected like any memory.
func (b *Batch) Release() {
	if free := b.Free; free != nil {
		b.Free = nil
		free(b)
	}
}

// InBatches returns the records of rows in batches, for tests and for rows of a few records.
func InBatches(rows Rows) Batches { return &inBatches{rows: rows} }

type inBatches struct {
	rows  Rows
	count int64
	end   error
}

func (b *inBatches) NextBatch(ctx context.Context) (*Batch, error) {
	if b.end != nil {
		return nil, b.end
	}

	var batch *Batch
	if batch, b.end = collect(ctx, b.rows, b.count, BatchRecords); batch.Len == 0 {
		return nil, b.end
	}

	b.count += int64(batch.Len)

	return batch, nil
}

// collect returns a batch of the next records, up to a number of records or [BatchBytes], and the error that has ended it. before
// is the number of records before the batch.
func collect(ctx context.Context, rows Rows, before int64, most int) (batch *Batch, end error) {
	batch, locations := NewBatch(rows.Schema()), []string{}
	batch.Locate = func(i int) string { return locations[i] }

	for size := int64(0); batch.Len < most && size < BatchBytes; {
		record, err := rows.Next(ctx)
		if err == nil {
			err = batch.Append(record)
		}

		if err != nil {
			return batch, err
		}

		size += record.Size()
		locations = append(locations, Location(rows, before+int64(batch.Len)))
	}

	return batch, nil
}
