package csv

import (
	"bytes"
	"slices"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/chunks"
)

var _ source.Batched = (*Rows)(nil)

// Batches returns the remaining records in batches, or nil if the separator or the quote has several bytes.
func (r *Rows) Batches() source.Batches { return r.batches(chunks.Size) }

// batches returns the remaining records in batches, with chunks of a size.
func (r *Rows) batches(size int) source.Batches {
	if !r.isSimple() {
		return nil
	}

	return chunks.New(&file{newChunkParser(r), r}, size)
}

// file implements [chunks.File].
type file struct {
	*chunkParser

	rows *Rows
}

func (f *file) Schema() source.Schema { return f.rows.schema }

func (f *file) Next() (record source.Record, line int, found bool, err error) {
	if f.rows.end == nil {
		found, f.rows.end = f.rows.next()
	}

	return f.rows.record, f.rows.begin, found, f.rows.end
}

func (f *file) Line() int { return f.rows.input.line }

func (f *file) Consumed() int64 { return f.rows.input.consumed }

func (f *file) Cut(size int) string {
	in := f.rows.input
	if len(in.rest()) < size {
		_ = in.fill() // The chunks before an error are valid. Reading the next record returns it.
	}

	text := in.rest()[:min(len(in.rest()), size)]
	if !in.complete() || len(text) < len(in.rest()) {
		text = text[:lastRecordEnd(text, f.rows.quote)]
	}

	cut := string(text)
	in.consume(len(cut), 0)

	return cut
}

func (f *file) Unread(text string, line int) {
	in := f.rows.input
	in.line = line

	if text == "" {
		return
	}

	in.buffer = slices.Concat([]byte(text), in.rest())
	in.at, in.filled = 0, len(in.buffer)
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
