package csv

import (
	"bytes"
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/jobwright/jobwright/source"
)

// chunkBytes is the size of a part of a file that one goroutine parses. The records of narrow tables in it are about as many as
// a batch has.
const chunkBytes = 128 << 10

// maxChunks bounds the chunks that are parsed at the same time, and with them the memory.
const maxChunks = 6

var _ source.Batched = (*Rows)(nil)

// batches are the records of a file in batches. NextBatch reads the file and cuts it into chunks, which other goroutines parse
// and convert. They only parse valid records: at any other record, reading continues one by one, as Next does, so that errors,
// rejected records and their lines are the same.
type batches struct {
	rows    *Rows
	parser  *chunkParser
	bytes   int      // The size of a chunk.
	running []*chunk // In the order of the file.
	line    int      // The line on which the first of them begins.
	ready   []*source.Batch
	single  int64 // The bytes of the file up to which records are read one by one.
	end     error // The error that ended reading.
}

// Batches returns the remaining records in batches, or nil if the separator or the quote has several bytes.
func (r *Rows) Batches() source.Batches {
	if !r.isSimple() {
		return nil
	}

	return &batches{rows: r, parser: newChunkParser(r), bytes: chunkBytes}
}

// NextBatch implements [source.Batches]. No goroutine reads the file between two calls.
func (b *batches) NextBatch(ctx context.Context) (*source.Batch, error) {
	for len(b.ready) == 0 {
		switch {
		case b.end != nil:
			return nil, b.end
		case b.rows.input.consumed < b.single:
			b.end = b.readSingle(ctx)
		case !b.start():
			b.single = b.rows.input.consumed + int64(b.bytes)
		default:
			b.end = b.finish()
		}
	}

	first := b.ready[0]
	b.ready = b.ready[1:]

	return first, nil
}

// start starts to parse as many chunks as can be parsed at the same time. It reports false if there is none.
func (b *batches) start() bool {
	if len(b.running) == 0 {
		b.line = b.rows.input.line
	}

	for len(b.running) < min(runtime.GOMAXPROCS(0)+1, maxChunks) {
		next := b.rows.input.cut(b.bytes, b.rows.quote)
		if next == nil {
			break
		}

		b.running = append(b.running, next)

		go next.parse(b.parser)
	}

	return len(b.running) > 0
}

// finish waits for the first chunk. If it contains a record that has to be read by itself, that record and what follows is
// returned to the input.
func (b *batches) finish() error {
	first := b.running[0]
	b.running = b.running[1:]

	<-first.done

	for _, part := range first.parts {
		b.ready = append(b.ready, part.located(b.line))
	}

	b.line += first.lines
	if len(b.running) == 0 {
		b.rows.input.line = b.line
	}

	if first.failed != nil || first.size == len(first.text) {
		return first.failed
	}

	rest := first.text[first.size:]

	for _, later := range b.running {
		<-later.done

		rest += later.text
	}

	b.running = nil
	b.rows.input.unread(rest, b.line)
	b.single = b.rows.input.consumed + int64(len(rest))

	return nil
}

// readSingle reads records one by one into a batch.
func (b *batches) readSingle(ctx context.Context) error {
	r, next := b.rows, b.parser.part()
	size := int64(0)

	for r.end == nil && r.input.consumed < b.single && next.batch.Len < source.BatchRecords && size < source.BatchBytes {
		var found bool
		if found, r.end = r.next(); !found {
			if r.end == nil {
				r.end = ctx.Err() // A long series of rejected records must end too.
			}

			continue
		}

		if err := next.batch.Append(r.record); err != nil {
			return err
		}

		next.lines = append(next.lines, r.begin)
		size += r.record.Size()
	}

	if next.batch.Len > 0 {
		b.ready = append(b.ready, next.located(0))
	}

	return r.end
}

// part is a batch with the lines of its records.
type part struct {
	batch *source.Batch
	lines []int
}

// located returns the batch with the locations of its records. The lines of the part begin after line.
func (p *part) located(line int) *source.Batch {
	p.batch.Locate = func(i int) string { return "line " + strconv.Itoa(line+p.lines[i]) }

	return p.batch
}

// chunk is a part of a file that begins and probably ends with a record.
type chunk struct {
	text string

	parts  []*part
	size   int           // The size of the parsed records; the next one is invalid, or not as simple.
	lines  int           // The number of line breaks in them.
	failed error         // A panic.
	done   chan struct{} // Closed when the chunk is parsed.
}

func (c *chunk) parse(by *chunkParser) {
	defer close(c.done)
	defer func() {
		if panicked := recover(); panicked != nil {
			c.failed = &source.PanicError{Value: panicked, Stack: debug.Stack()}
		}
	}()

	by.parse(c)
}

// cut consumes the next chunk, which has at most limit bytes. It returns nil if the next record may be longer, or the file has ended.
func (in *input) cut(limit int, quote string) *chunk {
	if len(in.rest()) < limit {
		_ = in.fill() // The chunks before an error are valid. Reading the next record returns it.
	}

	text := in.rest()[:min(len(in.rest()), limit)]

	size := len(text)
	if !in.complete() || size < len(in.rest()) {
		size = lastRecordEnd(text, quote)
	}

	if size == 0 {
		return nil
	}

	in.consume(size, 0) // The lines are counted when the chunk is parsed.

	return &chunk{text: string(text[:size]), done: make(chan struct{})}
}

// unread returns text, which begins on a line, to the input.
func (in *input) unread(text string, line int) {
	in.buffer = slices.Concat([]byte(text), in.rest())
	in.at, in.filled, in.line = 0, len(in.buffer), line
	in.consumed -= int64(len(text))
	in.lf.at, in.cr.at, in.quote.at = -1, -1, -1
}

// lastRecordEnd returns the end of the last record in text that ends with a line break outside of quotes, or 0. It counts the
// quotes, so it may be wrong after an invalid record with an odd number of quotes.
func lastRecordEnd(text []byte, quote string) int {
	inQuotes := quote != "" && bytes.Count(text, []byte(quote))%2 == 1

	for end := len(text); ; inQuotes = !inQuotes {
		begin := -1
		if quote != "" {
			begin = bytes.LastIndexByte(text[:end], quote[0])
		}

		if !inQuotes {
			part := text[begin+1 : end]

			if at := bytes.LastIndexByte(part, '\n'); at >= 0 {
				return begin + 1 + at + 1
			}

			// At the end of text, it may be the first half of a line break.
			if at := bytes.LastIndexByte(part, '\r'); at >= 0 && begin+1+at+1 < len(text) {
				return begin + 1 + at + 1
			}
		}

		if begin < 0 {
			return 0
		}

		end = begin
	}
}
