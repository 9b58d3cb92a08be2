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
)

// sampleRows is how many rows decide the types of the columns.
const sampleRows = 1_000

// Rows streams the records of a sheet.
type Rows struct {
	book    *workbook
	sheet   sheet
	part    io.ReadCloser
	decoder *xml.Decoder
	area    area
	reject  func(source.Reject) error
	types   map[string]source.Standard // Those of [source.Read].
	schema  source.Schema

	ahead []line // Read, and not returned yet.
	row   int    // The number of the last row that was returned.
	last  int    // The number of the last row that was read.
}

var (
	_ source.Rows    = (*Rows)(nil)
	_ source.Locator = (*Rows)(nil)
)

// line is a row of the sheet.
type line struct {
	number int
	cells  []cell // One for each column of the area that has any.

	// Whether the row has no cells, and nothing else but its number: such a row is written for a record of NULLs. Programs
	// write those that only look like something with their styles and heights.
	isBare bool
}

// isRecord reports whether the row is a record.
func (l line) isRecord() bool {
	return l.isBare || slices.ContainsFunc(l.cells, func(c cell) bool { return c.there })
}

// NewReader reads the beginning of a sheet: the columns' names, and the types that they have in the first rows. A row without
// cells is a record of NULLs, and one that has nothing but styles or a height is none. A column is of the type that all its
// cells have; where they have several, or read gives it a type, it is text, in the forms of [source.AppendText].
func NewReader(content io.ReaderAt, size int64, read source.Read) (rows *Rows, err error) {
	f := read.Format
	rows = &Rows{reject: read.Reject, types: read.Types}

	if rows.area, err = parseRange(f.Range); err != nil {
		return nil, err
	}

	if rows.book, err = openWorkbook(content, size); err != nil {
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

	rows.decoder = xml.NewDecoder(rows.part)

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

		if errors.Is(err, io.EOF) {
			return r.wrong("the sheet is empty", "its first row must name the columns")
		}

		if err != nil {
			return err
		}

		if names, err = r.names(header); err != nil {
			return err
		}
	}

	for len(r.ahead) < sampleRows {
		read, err := r.line()
		if errors.Is(err, io.EOF) {
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

	for i, one := range header.cells {
		value, of, err := r.book.value(one)
		if err != nil {
			return nil, r.wrong(fmt.Sprintf("cell %s: %v", r.cellName(i, header.number), err), "")
		}

		name := ""
		if value != nil {
			text, err := source.AppendText(nil, source.Standard{Type: of}, value)
			if err != nil {
				return nil, err
			}

			name = string(text)
		}

		if name == "" || slices.Contains(names, name) {
			return nil, r.wrong(fmt.Sprintf("cell %s: the column is named %q, which is empty or taken",
				r.cellName(i, header.number), name), "give each column a name of its own, or name a range of the sheet")
		}

		names = append(names, name)
	}

	return names, nil
}

// learn gives each column its type.
func (r *Rows) learn(names []string) {
	for i, name := range names {
		found := source.Type("")

		for _, read := range r.ahead {
			if i >= len(read.cells) {
				continue
			}

			value, of, err := r.book.value(read.cells[i])
			if err != nil || value == nil {
				continue // An error is told when the row's turn comes.
			}

			if found = joined(found, of); found == source.Text {
				break
			}
		}

		if _, isNamed := r.types[name]; isNamed || found == "" {
			found = source.Text
		}

		r.schema = append(r.schema, source.Column{
			Name:     name,
			Native:   source.NativeType{Name: string(found), TypeStr: string(found), Precision: -1},
			Standard: source.Standard{Type: found},
		})
	}
}

// joined is the type that holds values of two.
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
		token, err := r.decoder.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
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
	read.isBare = len(start.Attr) <= 1 // That of its number.

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

// maxColumns is how many columns a sheet can have.
const maxColumns = 16_384

// place puts a cell into its row.
func (r *Rows) place(read *line, column int, found cell) error {
	if column < 1 || column > maxColumns {
		return fmt.Errorf("there is no column %d", column)
	}

	if column < r.area.left || (r.area.right > 0 && column > r.area.right) || !found.there {
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

// Location tells the sheet and the row of the last record.
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
			return nil, r.wrong(r.Location()+", "+message, "correct the cell, or name the column's type in columnTypes")
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

// record makes a record of a row, or says what is wrong with it.
func (r *Rows) record(read line) (record source.Record, message string) {
	if len(read.cells) > len(r.schema) {
		return nil, fmt.Sprintf("cell %s: there is a value, but no column", r.cellName(len(read.cells)-1, read.number))
	}

	record = make(source.Record, len(r.schema))

	for i, one := range read.cells {
		value, of, err := r.book.value(one)
		if err == nil && value != nil {
			record[i], err = fitted(value, of, r.schema[i].Standard)
		}

		if err != nil {
			return nil, fmt.Sprintf("column %q, cell %s: %v", r.schema[i].Name, r.cellName(i, read.number), err)
		}
	}

	return record, ""
}

// fitted returns a value as its column's type.
func fitted(value any, of source.Type, column source.Standard) (any, error) {
	switch {
	case of == column.Type, of == source.Date && column.Type == source.Datetime:
		return value, nil
	case of == source.Integer && column.Type == source.Float:
		integer := value.(int64) //nolint:forcetypeassert // It is what the type says.
		if -exactInteger <= integer && integer <= exactInteger {
			return float64(integer), nil
		}
	case value == 0.0 && column.Type == source.Integer: // It is -0, which is no more to integers.
		return int64(0), nil
	}

	text, err := source.AppendText(nil, source.Standard{Type: of}, value)
	if err != nil {
		return nil, err
	}

	if column.Type == source.Text {
		return string(text), nil
	}

	return nil, fmt.Errorf("%s is of type %s, and the first rows made the column's %s", text, of, column)
}

func (r *Rows) cellName(column, row int) string {
	return columnLetters(r.area.left+column) + strconv.Itoa(row)
}

func (r *Rows) wrong(message, hint string) error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: message, Hint: hint}
}

func (r *Rows) unreadable(err error) error {
	return broken(fmt.Sprintf("the sheet %q can't be read behind row %d", r.sheet.name, r.last), err)
}

// Close frees what is held for the reading.
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
