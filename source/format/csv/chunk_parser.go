package csv

import (
	"strings"
	"unicode/utf8"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/chunks"
)

// chunkParser parses the valid records of chunks. It is used by several goroutines.
type chunkParser struct {
	schema    source.Schema
	separator byte
	quote     byte
	hasQuotes bool
	null      string
	parsers   []*source.Parser // Nil if no column has a notation of its own.
	ends      [256]bool        // The bytes that end a field without quotes, or must not be in it.
}

func newChunkParser(r *Rows) *chunkParser {
	p := &chunkParser{
		schema: r.schema, separator: r.separator[0], null: r.null, parsers: r.parsers,
	}
	p.ends['\n'], p.ends['\r'], p.ends[p.separator] = true, true, true

	if r.quote != "" {
		p.quote, p.hasQuotes = r.quote[0], true
		p.ends[p.quote] = true
	}

	return p
}

// Parse implements [chunks.File].
func (p *chunkParser) Parse(c *chunks.Chunk) {
	isValid := utf8.ValidString(c.Text)
	record := &chunkRecord{chunkParser: p, text: c.Text}

	for c.At() < len(c.Text) {
		record.at, record.breaks = c.At(), 0

		if size := lineBreak(c.Text[c.At():]); size > 0 && len(p.schema) > 1 { // An empty line.
			c.Skipped(c.At()+size, 1)

			continue
		}

		batch := c.Batch()
		record.columns = batch.Columns

		if !record.parse() || !isValid && !utf8.ValidString(c.Text[c.At():record.at]) {
			batch.Undo()

			return
		}

		c.Added(record.at, record.breaks)
	}
}

// chunkRecord parses one record of a chunk after the other.
type chunkRecord struct {
	*chunkParser

	text    string
	at      int
	columns []source.Vector
	breaks  int // The number of line breaks in the record.
}

// parse appends the values of the record at at, and sets at to its end. It reports false if the record is invalid.
func (r *chunkRecord) parse() bool {
	for i := range r.columns {
		if i > 0 {
			if r.at == len(r.text) || r.text[r.at] != r.separator {
				return false
			}

			r.at++
		}

		if !r.field(i) {
			return false
		}
	}

	size := lineBreak(r.text[r.at:])
	r.at += size
	r.breaks++ // The end of the file, where nothing follows, counts too.

	return size > 0 || r.at == len(r.text) // Only the last chunk ends without a line break.
}

// field appends the value of the field at at, and sets at to its end.
func (r *chunkRecord) field(i int) bool {
	begin := r.at
	quoted := r.hasQuotes && begin < len(r.text) && r.text[begin] == r.quote

	var field string

	if quoted {
		var ok bool
		if field, ok = r.quoted(); !ok {
			return false
		}
	} else {
		end := begin
		for end < len(r.text) && !r.ends[r.text[end]] {
			end++
		}

		field, r.at = r.text[begin:end], end // A quote is found where a separator or the end is expected.
	}

	var by *source.Parser
	if r.parsers != nil {
		by = r.parsers[i]
		field = by.Trim(field)
	}

	if !quoted && field == r.null {
		r.columns[i].AppendNull()

		return true
	}

	return r.columns[i].Parse(r.schema[i].Standard, by, field) == nil
}

// quoted returns the text of the quoted field at at, and sets at to its end.
func (r *chunkRecord) quoted() (field string, ok bool) {
	begin, doubled := r.at+1, false

	for end := begin; ; {
		size := strings.IndexByte(r.text[end:], r.quote)
		if size < 0 {
			return "", false
		}

		if end += size + 1; end < len(r.text) && r.text[end] == r.quote {
			doubled = true
			end++

			continue
		}

		field, r.at = r.text[begin:end-1], end
		r.breaks += breaksIn(field)

		if doubled {
			quote := r.text[end-1 : end]
			field = strings.ReplaceAll(field, quote+quote, quote)
		}

		return field, true
	}
}

// breaksIn returns the number of line breaks in a text.
func breaksIn(text string) int {
	breaks := strings.Count(text, "\n")

	if alone := strings.Count(text, "\r"); alone > 0 {
		breaks += alone - strings.Count(text, "\r\n")
	}

	return breaks
}
