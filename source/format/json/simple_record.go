package json

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/jobwright/jobwright/source"
)

// simpleRecord parses records without objects and arrays, and without escape sequences except in texts, whose values have the
// types of their columns. It verifies everything that jsontext verifies, except for UTF-8.
type simpleRecord struct {
	places map[string]int // The index of each column, by its name.
	seen   []int64        // For each column, the number of the last record that had it.
	count  int64          // The number of records.

	text    string
	at      int
	columns []column
	values  []source.Vector
}

// parse appends the values of a record to the columns. It reports false if the record is not simple, or not valid; some columns
// may have a value more then. No white space surrounds the text.
func (r *simpleRecord) parse(text string, columns []column, values []source.Vector) bool {
	r.text, r.at, r.columns, r.values = text, 0, columns, values
	r.count++

	if !r.take('{') {
		return false
	}

	if r.members() && r.at == len(text) {
		for i := range values {
			if r.seen[i] != r.count {
				values[i].AppendNull()
			}
		}

		return true
	}

	return false
}

// members parses the members and the closing brace.
func (r *simpleRecord) members() bool {
	if r.take('}') {
		return true
	}

	for next := 0; ; next++ {
		r.skipSpace()

		var ok bool
		if next, ok = r.column(next); !ok || r.seen[next] == r.count || !r.take(':') {
			return false
		}

		r.seen[next] = r.count
		r.skipSpace()

		if !r.value(&r.columns[next], &r.values[next]) {
			return false
		}

		if !r.take(',') {
			return r.take('}')
		}
	}
}

func (r *simpleRecord) skipSpace() {
	for r.at < len(r.text) && (r.text[r.at] == ' ' || r.text[r.at] == '\t' || r.text[r.at] == '\r') {
		r.at++
	}
}

// take skips white space and a byte, and reports whether the byte was there.
func (r *simpleRecord) take(c byte) bool {
	r.skipSpace()

	if r.at == len(r.text) || r.text[r.at] != c {
		return false
	}

	r.at++

	return true
}

// column parses the name of a column, which most records have in the same order: that of the column with the index next.
func (r *simpleRecord) column(next int) (index int, ok bool) {
	if next < len(r.columns) {
		if name := r.columns[next].quoted; strings.HasPrefix(r.text[r.at:], name) {
			r.at += len(name)

			return next, true
		}
	}

	name, ok := r.string()
	if !ok {
		return 0, false
	}

	index, ok = r.places[name]

	return index, ok
}

// endsString are the bytes at which a string ends, or is not simple.
var endsString = func() (bytes [256]bool) {
	for c := range byte(' ') {
		bytes[c] = true
	}

	bytes['"'], bytes['\\'] = true, true

	return bytes
}()

// string parses a string without escape sequences.
func (r *simpleRecord) string() (content string, ok bool) {
	if r.at == len(r.text) || r.text[r.at] != '"' {
		return "", false
	}

	begin := r.at + 1

	end := begin
	for end < len(r.text) && !endsString[r.text[end]] {
		end++
	}

	if end == len(r.text) || r.text[end] != '"' {
		return "", false
	}

	r.at = end + 1

	return r.text[begin:end], true
}

// value parses a value and appends it to its column.
func (r *simpleRecord) value(c *column, to *source.Vector) bool {
	if r.at == len(r.text) {
		return false
	}

	begin := r.at

	switch r.text[r.at] {
	case '"':
		content, ok := r.string()

		switch {
		case !ok:
			return c.standard.Type == source.Text && r.escaped(to)
		case c.standard.Type == source.JSON:
			content = r.text[begin:r.at]
		case c.standard.Type != source.Text:
			return false
		}

		return appendBytes(to, content)
	case 't':
		return r.literal("true") && r.appendBoolean(c, to, true)
	case 'f':
		return r.literal("false") && r.appendBoolean(c, to, false)
	case 'n':
		if !r.literal("null") {
			return false
		}

		to.AppendNull()

		return true
	}

	return r.number() && appendNumber(c, to, r.text[begin:r.at])
}

// escaped parses a string with escape sequences, and appends it to its column.
func (r *simpleRecord) escaped(to *source.Vector) bool {
	for end := r.at + 1; end < len(r.text); end++ {
		switch r.text[end] {
		case '\\':
			end++
		case '"':
			content, err := jsontext.AppendUnquote(to.Bytes, r.text[r.at:end+1])
			if err != nil {
				return false
			}

			r.at, to.Bytes, to.Ends = end+1, content, append(to.Ends, len(content))
			to.Extended()

			return true
		}
	}

	return false
}

// literal skips a literal, which ends where the next token begins.
func (r *simpleRecord) literal(name string) bool {
	if !strings.HasPrefix(r.text[r.at:], name) {
		return false
	}

	r.at += len(name)

	return true
}

func (r *simpleRecord) appendBoolean(c *column, to *source.Vector, value bool) bool {
	switch c.standard.Type { //nolint:exhaustive // The others accept no boolean.
	case source.Boolean:
		to.Bools = append(to.Bools, value)
		to.Extended()

		return true
	case source.JSON:
		if value {
			return appendBytes(to, "true")
		}

		return appendBytes(to, "false")
	}

	return false
}

// number skips a number.
func (r *simpleRecord) number() bool {
	if r.text[r.at] == '-' {
		r.at++
	}

	zero := r.at < len(r.text) && r.text[r.at] == '0'
	if size := r.digits(); size == 0 || zero && size > 1 {
		return false
	}

	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++

		if r.digits() == 0 {
			return false
		}
	}

	if r.at < len(r.text) && (r.text[r.at] == 'e' || r.text[r.at] == 'E') {
		r.at++

		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}

		return r.digits() > 0
	}

	return true
}

// digits skips digits and returns their number.
func (r *simpleRecord) digits() int {
	begin := r.at
	for r.at < len(r.text) && r.text[r.at]-'0' <= 9 {
		r.at++
	}

	return r.at - begin
}

// appendNumber appends a number to a column that represents it exactly.
func appendNumber(c *column, to *source.Vector, raw string) bool {
	switch of := kindOfNumber(raw); c.standard.Type { //nolint:exhaustive // The types of numbers.
	case source.JSON:
		return appendBytes(to, raw)
	case source.Integer:
		return of == integer && to.Parse(c.standard, nil, raw) == nil
	case source.Float:
		value, exact := exactFloat(raw)
		to.Floats = append(to.Floats, value)
		to.Extended()

		return exact
	case source.Decimal:
		return of != float && !strings.HasPrefix(raw, "-0") && appendBytes(to, raw)
	}

	return false
}

// appendBytes appends a value of a vector whose values are in Bytes.
func appendBytes(to *source.Vector, value string) bool {
	to.Bytes = append(to.Bytes, value...)
	to.Ends = append(to.Ends, len(to.Bytes))
	to.Extended()

	return true
}
