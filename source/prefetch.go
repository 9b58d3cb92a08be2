package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// How much one batch of a [Prefetched] holds: enough for the hand-over to cost nothing, and few enough bytes for three of
// them to be no burden, however long the texts are.
const (
	batchRecords = 256
	batchBytes   = 1 << 20
)

// batches is how many batches there are: one being filled, one being used, and one between the two.
const batches = 3

// Prefetched are rows that are read in a goroutine of their own, somewhat before they are asked for, so that those who read
// and those who write work at the same time.
type Prefetched struct {
	rows   Rows
	cancel context.CancelFunc
	filled chan *batch // Closed when the reading has ended.
	free   chan *batch

	current *batch // That of the last record; nil at first.
	next    int    // The place in it of the next record.
	ended   bool   // Whether the end was told.
}

// batch is some records that follow each other.
type batch struct {
	records []Record
	values  []any    // What the records are slices of.
	places  []string // Where each record stood.
	bytes   int
	err     error // What came instead of a further record.
}

// Prefetch begins to read rows. They belong to the [Prefetched] until it is closed, which does not close them. Whatever
// rows call, a function for rejected records among it, they call from the other goroutine, but not after Close.
func Prefetch(ctx context.Context, rows Rows) *Prefetched {
	ctx, cancel := context.WithCancel(ctx)
	p := &Prefetched{
		rows: rows, cancel: cancel, filled: make(chan *batch, batches), free: make(chan *batch, batches),
	}

	for range batches {
		p.free <- &batch{}
	}

	go p.fill(ctx)

	return p
}

// PanicError is a panic in a goroutine of ours, where it would end the whole process.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// fill reads until something is no record: the end, or an error.
func (p *Prefetched) fill(ctx context.Context) {
	defer close(p.filled)

	var count int64

	for {
		select {
		case <-ctx.Done():
			return
		case b := <-p.free:
			b.fill(ctx, p.rows, &count)

			p.filled <- b

			if b.err != nil {
				return
			}
		}
	}
}

func (b *batch) fill(ctx context.Context, rows Rows, count *int64) {
	clear(b.values) // Lest the texts of long records stay behind those of short ones.

	b.records, b.values, b.places, b.bytes = b.records[:0], b.values[:0], b.places[:0], 0

	defer func() {
		if panicked := recover(); panicked != nil {
			b.err = &PanicError{Value: panicked, Stack: debug.Stack()}
		}
	}()

	for len(b.records) < batchRecords && b.bytes < batchBytes {
		record, err := rows.Next(ctx)
		if err != nil {
			b.err = err

			return
		}

		*count++

		begin := len(b.values)
		b.values = append(b.values, record...)
		b.records = append(b.records, b.values[begin:len(b.values):len(b.values)])
		b.places = append(b.places, location(rows, *count))

		for _, value := range record {
			b.bytes += size(value)
		}
	}
}

// size is about how many bytes a value takes beside its place in the record.
func size(value any) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case Number:
		return len(v)
	case []byte:
		return len(v)
	case json.RawMessage:
		return len(v)
	case []any:
		total := 0
		for _, element := range v {
			total += 16 + size(element)
		}

		return total
	}

	return 0
}

// Schema describes the records.
func (p *Prefetched) Schema() Schema { return p.rows.Schema() }

// Next returns the next record.
func (p *Prefetched) Next(ctx context.Context) (Record, error) {
	for p.current == nil || p.next == len(p.current.records) {
		if err := p.turn(ctx); err != nil {
			p.ended = errors.Is(err, io.EOF)

			return nil, err
		}
	}

	p.next++

	return p.current.records[p.next-1], nil
}

// turn goes on to the next batch.
func (p *Prefetched) turn(ctx context.Context) error {
	if p.current != nil {
		if p.current.err != nil {
			return p.current.err
		}

		p.free <- p.current
		p.current = nil
	}

	select {
	case <-ctx.Done():
		return ctx.Err()
	case filled, open := <-p.filled:
		if !open { // By Close, or since the context that Prefetch was given has ended.
			return context.Canceled
		}

		p.current, p.next = filled, 0

		return nil
	}
}

// Ended reports whether Next has told the end, however far was read ahead.
func (p *Prefetched) Ended() bool { return p.ended }

// Location tells where the last record stood.
func (p *Prefetched) Location() string {
	if p.current == nil || p.next == 0 {
		return "the first record"
	}

	return p.current.places[p.next-1]
}

// Close ends the reading, and returns when it has ended.
func (p *Prefetched) Close() error {
	p.cancel()

	for range p.filled {
	}

	return nil
}
