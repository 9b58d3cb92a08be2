// Package chunks reads text files in batches: it cuts them into chunks, which several goroutines parse.
package chunks

import (
	"context"
	"runtime"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Size is the usual size of a chunk in bytes. The records of narrow tables in it are about as many as a batch has.
const Size = 128 << 10

// maxChunks bounds the chunks that are parsed at the same time, and with them the memory.
const maxChunks = 6

// File is a file whose records can be read one by one, and in chunks. Only Parse is called by several goroutines.
type File interface {
	Schema() source.Schema

	// Next reads the next record, and returns it with its line. Found is false if what it has read is not a record, or a record
	// that was rejected. The error is io.EOF after the last record.
	Next() (record source.Record, line int, found bool, err error)

	// Cut consumes and returns complete records of up to size bytes in all. It returns "" if the next record has to be read by
	// Next. It does not count their lines.
	Cut(size int) string

	// Unread makes text, which begins on a line and which Cut has returned, the next text of the file again. Without a text, it
	// sets the line.
	Unread(text string, line int)

	// Line returns the line of the next record.
	Line() int

	// Consumed returns the number of bytes that were consumed.
	Consumed() int64

	// Parse parses the records of a chunk up to the first one that is not valid, or that has to be read by Next for another
	// reason.
	Parse(c *Chunk)
}

// Batches are the records of a file in batches. NextBatch reads the file and cuts it into chunks; other goroutines parse them. At
// a record that they can't parse, reading continues one by one, up to the end of the chunks that were cut already, so that
// errors, rejected records and their lines are those of Next.
type Batches struct {
	file    File
	size    int
	running []*Chunk // In the order of the file.
	line    int      // The line on which the first of them begins.
	ready   []*source.Batch
	single  int64 // The bytes of the file up to which records are read one by one.
	end     error // The error that ended reading.
	free    chan *part
}

// New returns the records of a file in batches, with chunks of a size in bytes.
func New(file File, size int) *Batches {
	return &Batches{file: file, size: size, free: make(chan *part, 2*maxChunks)}
}

// NextBatch implements [source.Batches]. No goroutine reads the file between two calls.
func (b *Batches) NextBatch(ctx context.Context) (*source.Batch, error) {
	for len(b.ready) == 0 {
		switch {
		case b.end != nil:
			return nil, b.end
		case b.file.Consumed() < b.single:
			b.end = b.readSingle(ctx)
		case !b.start():
			b.single = b.file.Consumed() + int64(b.size)
		default:
			b.end = b.finish()
		}
	}

	first := b.ready[0]
	b.ready = b.ready[1:]

	return first, nil
}

// start starts to parse as many chunks as can be parsed at the same time. It reports false if there is none.
func (b *Batches) start() bool {
	if len(b.running) == 0 {
		b.line = b.file.Line()
	}

	for len(b.running) < min(runtime.GOMAXPROCS(0)+1, maxChunks) {
		text := b.file.Cut(b.size)
		if text == "" {
			break
		}

		next := &Chunk{Text: text, batches: b, done: make(chan struct{})}
		b.running = append(b.running, next)

		go next.parse()
	}

	return len(b.running) > 0
}

// finish waits for the first chunk. If it contains a record that has to be read by itself, that record and what follows is
// returned to the file.
func (b *Batches) finish() error {
	first := b.running[0]
	b.running = b.running[1:]

	<-first.done

	for _, part := range first.parts {
		b.ready = append(b.ready, part.located(b.line))
	}

	b.line += first.lines
	texts := []string{first.Text[first.size:]}

	if first.failed == nil && texts[0] != "" {
		for _, later := range b.running {
			<-later.done

			texts = append(texts, later.Text)
		}

		b.running = nil
	}

	if len(b.running) == 0 {
		rest := strings.Join(texts, "")
		b.file.Unread(rest, b.line)
		b.single = b.file.Consumed() + int64(len(rest))
	}

	return first.failed
}

// readSingle reads records one by one into a batch.
func (b *Batches) readSingle(ctx context.Context) error {
	next, size := b.part(), int64(0)

	var end error

	for end == nil && b.file.Consumed() < b.single && next.batch.Len < source.BatchRecords && size < source.BatchBytes {
		record, line, found, err := b.file.Next()

		switch {
		case err != nil:
			end = err
		case !found:
			end = ctx.Err() // A long series of rejected records must end too.
		default:
			if err := next.batch.Append(record); err != nil {
				return err
			}

			next.lines = append(next.lines, line)
			size += record.Size()
		}
	}

	if next.batch.Len > 0 {
		b.ready = append(b.ready, next.located(0))
	}

	return end
}

// part returns an empty part, if possible one that was released.
func (b *Batches) part() *part {
	var next *part

	select {
	case next = <-b.free:
		next.batch.Reset()
	default:
		next = &part{batch: source.NewBatch(b.file.Schema())}
	}

	next.lines = next.lines[:0]
	next.batch.Free = func(*source.Batch) {
		select {
		case b.free <- next:
		default:
		}
	}

	return next
}

// part is a batch with the lines of its records.
type part struct {
	batch *source.Batch
	lines []int
}

// located returns the batch with the locations of its records, whose lines are relative to line.
func (p *part) located(line int) *source.Batch {
	p.batch.Locate = func(i int) string { return "line " + strconv.Itoa(line+p.lines[i]) }

	return p.batch
}

// Chunk is a part of a file that begins with a record, and probably ends with one.
type Chunk struct {
	Text string

	batches *Batches
	parts   []*part // With a batch that is not complete at the end.
	size    int     // The size of the parsed text.
	lines   int     // The number of line breaks in it.
	failed  error   // A panic.
	done    chan struct{}
}

func (c *Chunk) parse() {
	defer close(c.done)
	defer source.Recover(&c.failed)

	c.batches.file.Parse(c)

	if last := len(c.parts) - 1; last >= 0 && c.parts[last].batch.Len == 0 {
		c.parts = c.parts[:last]
	}
}

// At returns the index in the text of the next record.
func (c *Chunk) At() int { return c.size }

// Batch returns the batch to which the values of the next record are appended.
func (c *Chunk) Batch() *source.Batch {
	if last := len(c.parts) - 1; last < 0 || c.parts[last].batch.Len >= source.BatchRecords {
		c.parts = append(c.parts, c.batches.part())
	}

	return c.parts[len(c.parts)-1].batch
}

// Added completes the next record, which ends at an index and has a number of line breaks.
func (c *Chunk) Added(end, breaks int) {
	last := c.parts[len(c.parts)-1]
	last.batch.Len++
	last.lines = append(last.lines, c.lines)

	c.Skipped(end, breaks)
}

// Skipped skips text in front of the next record.
func (c *Chunk) Skipped(end, breaks int) {
	c.size = end
	c.lines += breaks
}
