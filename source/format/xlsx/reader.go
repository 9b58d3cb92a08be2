package xlsx

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// The sample, which determines the types of the columns, ends with the first of these limits.
const (
	sampleRows  = 1_000
	sampleBytes = source.MaxRecord // Of the sheet's XML.
)

// Rows streams the records of a sheet.
type Rows struct {
	book    *workbook
	sheet   sheet
	part    io.ReadCloser
	in      *bounded
	decoder *xml.Decoder
	area    area
	reject  func(source.Reject) error
	types   map[string]source.Standard // The types of [source.Read].
	format  source.Format
	parsers []*source.Parser // The notation of each column.
	schema  source.Schema

	ahead []line // Rows of the sample that were not returned yet.
	row   int    // The number of the last returned row.
	last  int    // The number of the last row that was read.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// line is a row of the sheet.
type line struct {
	number int
	cells  []cell // The cells of the columns of the area, up to the last cell with a value.

	// isBare means that the row has neither cells nor attributes other than its number. The writer writes such a row for a record
	// of NULLs. Programs write styles or heights with rows that are only formatted.
	isBare bool
}

// isRecord reports whether the row is a record.
func (l line) isRecord() bool {
	return l.isBare || slices.ContainsFunc(l.cells, func(c cell) bool { return c.isSet })
}

// NewReader reads the names of the columns and their types in the first rows of a sheet, and returns all records. A row
// without cells is a record of NULLs; a row with only styles or a height is skipped. A column has the type of its cells.
// If they have several types, or read names its type, it is text in the forms of [source.AppendText].
func NewReader(from io.ReaderAt, size int64, read source.Read) (rows *Rows, err error) {
	f := read.Format
	rows = &Rows{reject: read.Reject, types: read.Types, format: f}

	if rows.area, err = parseRange(f.Range); err != nil {
		return nil, err
	}

	if rows.book, err = openWorkbook(from, size); err != nil {
		return nil, err
	}

	defer func() {
		if err != nil {
			err = errors.Join(err, rows.Close())
			rows = nil
		}
	}()

	if rows.sheet, err = rows.book.sheet(f.Sheet); err != nil {
		return rows, err
	}

	if rows.part, err = rows.book.part(rows.sheet.part); err != nil {
		return rows, err
	}

	if rows.part == nil {
		return rows, broken(fmt.Sprintf("the sheet %q is not in the file", rows.sheet.name), nil)
	}

	rows.in = &bounded{from: rows.part}
	rows.decoder = xml.NewDecoder(rows.in)

	return rows, rows.begin(f.Header == nil || *f.Header)
}

// begin reads the names and the sample.
func (r *Rows) begin(hasHeader bool) error {
	var names []string

	if hasHeader {
		header, err := r.line()
		for err == nil && header.isBare {
			header, err = r.line()
		}

		if err == io.EOF {
			return content.Invalid("the sheet is empty", "write the names of the columns into its first row")
		}

		if err != nil {
			return err
		}

		if names, err = r.names(header); err != nil {
			return err
		}
	}

	for begin := r.in.count; len(r.ahead) < sampleRows && r.in.count-begin < sampleBytes; {
		read, err := r.line()
		if err == io.EOF {
			break
		}

		if err != nil {
			return err
		}

		r.ahead = append(r.ahead, read)
	}

	if !hasHeader {
		width := 0
		for _, read := range r.ahead {
			width = max(width, len(read.cells))
		}

		if r.area.right > 0 {
			width = r.area.right - r.area.left + 1
		}

		for i := range width {
			names = append(names, fmt.Sprintf("column%d", i+1))
		}
	}

	r.learn(names)

	return nil
}

func (r *Rows) names(header line) ([]string, error) {
	var names []string

	taken := make(map[string]bool, len(header.cells))

	for i, one := range header.cells {
		value, of, err := r.book.value(one)
		if err != nil {
			return nil, content.Invalid(fmt.Sprintf("cell %s: %v", r.cellName(i, header.number), err), "")
		}

		name := ""
		if value != nil {
			text, err := source.AppendText(nil, source.Standard{Type: of}, value)
			if err != nil {
				return nil, err
			}

			name = string(text)
		}

		if r.format.Trim {
			name = strings.TrimSpace(name)
		}

		if name == "" || taken[name] {
			return nil, content.Invalid(fmt.Sprintf("cell %s: the name of the column is %q, which is empty or not unique",
				r.cellName(i, header.number), name), "give each column a unique name, or set the format's range")
		}

		names, taken[name] = append(names, name), true
	}

	return names, nil
}

// learn sets the type of each column.
func (r *Rows) learn(names []string) {
	for i, name := range names {
		found := source.Type("")

		for _, read := range r.ahead {
			if i >= len(read.cells) {
				continue
			}

			of := r.book.typeOf(read.cells[i])
			if of == "" {
				continue
			}

			if found = joined(found, of); found == source.Text {
				break
			}
		}

		if _, isNamed := r.types[name]; isNamed || found == "" {
			found = source.Text
		}

		r.parsers = append(r.parsers, r.format.Parser(name))
		r.schema = append(r.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: string(found), TypeStr: string(found), Precision: -1},
			Standard: source.Standard{Type: found},
		})
	}
}

// joined returns the type that represents the values of two types.
func joined(a, b source.Type) source.Type {
	pair := func(one, other source.Type) bool { return (a == one && b == other) || (a == other && b == one) }

	switch {
	case a == "" || a == b:
		return b
	case pair(source.Integer, source.Float):
		return source.Float
	case pair(source.Date, source.Datetime):
		return source.Datetime
	}

	return source.Text
}

// line reads the next row of the area that is a record.
func (r *Rows) line() (line, error) {
	for {
		r.in.mark()

		token, err := r.decoder.Token()
		if err != nil {
			if err == io.EOF {
				return line{}, io.EOF
			}

			return line{}, r.unreadable(err)
		}

		if end, isEnd := token.(xml.EndElement); isEnd && end.Name.Local == "sheetData" {
			return line{}, io.EOF
		}

		start, isStart := token.(xml.StartElement)
		if !isStart || start.Name.Local != "row" {
			continue
		}

		read, err := r.readLine(start)
		if err != nil {
			return line{}, r.unreadable(err)
		}

		switch {
		case r.area.bottom > 0 && read.number > r.area.bottom:
			return line{}, io.EOF
		case read.number >= r.area.top && read.isRecord():
			return read, nil
		}
	}
}

func (r *Rows) readLine(start xml.StartElement) (read line, err error) {
	read.number = r.last + 1
	read.isBare = len(start.Attr) <= 1 // The number.

	for _, attribute := range start.Attr {
		if attribute.Name.Local == "r" {
			if read.number, err = strconv.Atoi(attribute.Value); err != nil {
				return read, err
			}
		}
	}

	r.last = read.number

	for column := 0; ; {
		token, err := r.decoder.Token()
		if err != nil {
			return read, err
		}

		switch t := token.(type) {
		case xml.EndElement:
			return read, nil
		case xml.StartElement:
			read.isBare = false
			column++

			for _, attribute := range t.Attr {
				if attribute.Name.Local == "r" {
					column = columnNumber(strings.TrimRight(attribute.Value, "0123456789"))
				}
			}

			found, err := readCell(r.decoder, t)
			if err != nil {
				return read, err
			}

			if err := r.place(&read, column, found); err != nil {
				return read, err
			}
		}
	}
}

// maxColumns is the largest number of columns of a sheet.
const maxColumns = 16_384

// place adds a cell to its row.
func (r *Rows) place(read *line, column int, found cell) error {
	if column < 1 || column > maxColumns {
		return fmt.Errorf("the column %d does not exist", column)
	}

	if column < r.area.left || (r.area.right > 0 && column > r.area.right) || !found.isSet {
		return nil
	}

	for len(read.cells) <= column-r.area.left {
		read.cells = append(read.cells, cell{})
	}

	read.cells[column-r.area.left] = found

	return nil
}

// Schema describes the records.
func (r *Rows) Schema() source.Schema { return r.schema }

// Location returns the sheet and the row of the last record.
func (r *Rows) Location() string { return fmt.Sprintf("sheet %s, row %d", r.sheet.name, r.row) }

// Next returns the next record.
func (r *Rows) Next(ctx context.Context) (source.Record, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}

		read, err := r.next()
		if err != nil {
			return nil, err
		}

		r.row = read.number

		record, message := r.record(read)
		if message == "" {
			return record, nil
		}

		if r.reject == nil {
			return nil, content.Invalid(r.Location()+", "+message,
				"correct the cell, or set the type of the column in columnTypes")
		}

		var texts []string
		for _, one := range read.cells {
			texts = append(texts, one.text)
		}

		if err := r.reject(source.Reject{Location: r.Location(), Message: message, Text: strings.Join(texts, "\t")}); err != nil {
			return nil, err
		}
	}
}

func (r *Rows) next() (line, error) {
	if len(r.ahead) == 0 {
		return r.line()
	}

	read := r.ahead[0]
	r.ahead = r.ahead[1:]

	return read, nil
}

// record converts a row, or returns the message of an error.
func (r *Rows) record(read line) (record source.Record, message string) {
	if len(read.cells) > len(r.schema) {
		return nil, fmt.Sprintf("cell %s: the value belongs to no column", r.cellName(len(read.cells)-1, read.number))
	}

	record = make(source.Record, len(r.schema))
	size := 0

	for i, one := range read.cells {
		value, of, err := r.book.value(one)
		if err == nil && value != nil {
			record[i], err = fitted(value, of, r.schema[i].Standard, r.parsers[i])
		}

		if text, isText := record[i].(string); isText { // Many cells may share a long text.
			if size += len(text); size > source.MaxRecord {
				return nil, fmt.Sprintf("the texts of the row have more than %d MiB", source.MaxRecord>>20)
			}
		}

		if err != nil {
			return nil, fmt.Sprintf("column %q, cell %s: %v", r.schema[i].Name, r.cellName(i, read.number), err)
		}
	}

	return record, ""
}

// fitted converts a value to the type of its column. Values of other types among texts are texts in the notation of the column.
func fitted(value any, of source.Type, column source.Standard, parser *source.Parser) (any, error) {
	switch {
	case of == source.Text && column.Type == source.Text:
		return parser.Trim(value.(string)), nil //nolint:forcetypeassert // The type determines it.
	case of == column.Type, of == source.Date && column.Type == source.Datetime:
		return value, nil
	case of == source.Integer && column.Type == source.Float:
		integer := value.(int64) //nolint:forcetypeassert // The type determines it.
		if -exactInteger <= integer && integer <= exactInteger {
			return float64(integer), nil
		}
	case value == 0.0 && column.Type == source.Integer: // -0 is 0 among integers.
		return int64(0), nil
	}

	text, err := parser.Append(nil, source.Standard{Type: of}, value)
	if err != nil {
		return nil, err
	}

	if column.Type == source.Text {
		return string(text), nil
	}

	return nil, fmt.Errorf("%s has the type %s, but the column has the type %s because of its first rows", text, of, column)
}

func (r *Rows) cellName(column, row int) string {
	return columnLetters(r.area.left+column) + strconv.Itoa(row)
}

func (r *Rows) unreadable(err error) error {
	return broken(fmt.Sprintf("the sheet %q cannot be read after row %d", r.sheet.name, r.last), err)
}

// Close closes the sheet and the workbook.
func (r *Rows) Close() error {
	var err error
	if r.part != nil {
		err = r.part.Close()
		r.part = nil
	}

	if r.book != nil {
		err = errors.Join(err, r.book.close())
		r.book = nil
	}

	return err
}
