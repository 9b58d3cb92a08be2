package json

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/chunks"
)

var _ source.Batched = (*Rows)(nil)

// Batches returns the remaining records in batches, or nil if the file is not NDJSON: only its lines can be found without being
// parsed.
func (r *Rows) Batches() source.Batches { return r.batches(chunks.Size) }

// batches returns the remaining records in batches, with chunks of a size.
func (r *Rows) batches(size int) source.Batches {
	if lines, isLines := r.records.(*lines); isLines {
		return chunks.New(&file{r, lines.stream}, size)
	}

	return nil
}

// file implements [chunks.File].
type file struct {
	*Rows

	stream *stream
}

func (f *file) Next() (record source.Record, line int, found bool, err error) {
	if f.end == nil {
		found, f.end = f.read()
	}

	return f.record, f.at.line, found, f.end
}

func (f *file) Line() int { return f.stream.line }

func (f *file) Consumed() int64 { return f.stream.consumed }

func (f *file) Cut(size int) string {
	if len(f.ahead) > 0 { // The records of the sample are the first.
		return ""
	}

	for len(f.stream.rest()) < size {
		if !f.stream.fill() {
			break
		}
	}

	text := f.stream.rest()[:min(len(f.stream.rest()), size)]
	if !f.stream.complete() || len(text) < len(f.stream.rest()) {
		text = text[:bytes.LastIndexByte(text, '\n')+1]
	}

	cut := string(text)
	f.stream.at += len(cut)
	f.stream.consumed += int64(len(cut))

	return cut
}

func (f *file) Unread(text string, line int) {
	f.stream.line = line

	if text == "" {
		return
	}

	f.stream.buffer = slices.Concat([]byte(text), f.stream.rest())
	f.stream.at = 0
	f.stream.consumed -= int64(len(text))
}

func (f *file) Parse(c *chunks.Chunk) {
	// Each goroutine has a reader of records for those that are not simple.
	other := &Rows{
		columns: slices.Clone(f.columns), places: f.places, record: make(source.Record, len(f.columns)),
		parser: parser{encoding: f.parser.encoding},
	}
	simple := &simpleRecord{places: f.places, seen: make([]int64, len(f.columns))}
	isValid := utf8.ValidString(c.Text)

	for c.At() < len(c.Text) {
		line, _, _ := strings.Cut(c.Text[c.At():], "\n")
		end := min(c.At()+len(line)+1, len(c.Text))

		if line = strings.Trim(line, " \t\r"); line == "" {
			c.Skipped(end, 1)

			continue
		}

		if !isValid && !utf8.ValidString(line) {
			return
		}

		batch := c.Batch()

		if !simple.parse(line, other.columns, batch.Columns) {
			batch.Undo()

			if other.parse(line) != nil {
				return
			}

			for i, value := range other.record {
				if batch.Columns[i].Append(value) != nil {
					batch.Undo()

					return
				}
			}
		}

		c.Added(end, 1)
	}
}
