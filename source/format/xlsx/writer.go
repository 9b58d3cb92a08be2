package xlsx

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// Limits of the format (https://support.microsoft.com/office/excel-specifications-and-limits).
const (
	maxRows      = 1_048_576
	maxText      = 32_767 // UTF-16 code units in a cell.
	exactDigits  = 15     // Digits of a number.
	defaultSheet = "Sheet1"
)

// Writer writes a table as a sheet.
type Writer struct {
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	schema source.Schema
	styles map[source.Type]int
	cells  []any
	row    int
	count  int64
}

// NewWriter returns a writer that writes a table as a sheet. Numbers, booleans, dates and times become cells of these kinds if a
// sheet represents them exactly. Other values become text in the form of [source.AppendText], which can be parsed again.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	if f.Range != "" {
		return nil, content.Unsupported("a range cannot be written, only a whole sheet", "remove range from the format")
	}

	if len(schema) > maxColumns {
		return nil, broken(fmt.Sprintf("the table has %d columns, but a sheet has at most %d", len(schema), maxColumns), nil)
	}

	writer := &Writer{
		out: w, file: excelize.NewFile(), schema: schema, styles: map[source.Type]int{}, cells: make([]any, len(schema)),
	}

	if err := writer.begin(f); err != nil {
		return nil, errors.Join(err, writer.file.Close())
	}

	return writer, nil
}

// layouts are the number formats of dates and times.
var layouts = map[source.Type]string{
	source.Date: "yyyy-mm-dd", source.Time: "hh:mm:ss", source.Datetime: `yyyy-mm-dd\ hh:mm:ss`,
}

func (w *Writer) begin(f source.Format) (err error) {
	sheet := defaultSheet

	if f.Sheet != "" {
		sheet = f.Sheet
		if err := w.file.SetSheetName(defaultSheet, sheet); err != nil {
			return broken(fmt.Sprintf("%q is not a valid name of a sheet", sheet), err)
		}
	}

	for _, column := range w.schema {
		layout, isMoment := layouts[column.Type]
		if _, known := w.styles[column.Type]; known || !isMoment {
			continue
		}

		if w.styles[column.Type], err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &layout}); err != nil {
			return err
		}
	}

	if w.stream, err = w.file.NewStreamWriter(sheet); err != nil {
		return err
	}

	if f.Header != nil && !*f.Header {
		return nil
	}

	for i, column := range w.schema {
		if w.cells[i], err = textCell(column.Name); err != nil {
			return broken(fmt.Sprintf("the name of the column %q cannot be written", column.Name), err)
		}
	}

	return w.writeRow()
}

func (w *Writer) writeRow() error {
	w.row++

	return w.stream.SetRow("A"+strconv.Itoa(w.row), w.cells)
}

// Append writes a record.
func (w *Writer) Append(record source.Record) error {
	w.count++

	if w.row == maxRows {
		return broken(fmt.Sprintf("record %d: a sheet has at most %d rows; write CSV or Parquet", w.count, maxRows), nil)
	}

	for i, column := range w.schema {
		var err error
		if w.cells[i], err = w.cell(column.Standard, record[i]); err != nil {
			return broken(fmt.Sprintf("record %d, column %q", w.count, column.Name), err)
		}
	}

	return w.writeRow()
}

// cell converts a value to a cell; nil means no cell.
func (w *Writer) cell(of source.Standard, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // NULL has no cell.
	case string:
		return textCell(v)
	case bool:
		return v, nil
	case int64:
		if -exactInteger <= v && v <= exactInteger {
			return v, nil
		}
	case float64:
		// Whole floats are read as integers.
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, nil
		}
	case source.Number:
		if number, exact := exactNumber(v); exact {
			return number, nil
		}
	case time.Duration:
		if v < 24*time.Hour && v%time.Microsecond == 0 {
			return excelize.Cell{StyleID: w.styles[of.Type], Value: float64(v) / float64(24*time.Hour)}, nil
		}
	case time.Time:
		if serial, exact := serialOf(of.Type, v); exact {
			return excelize.Cell{StyleID: w.styles[of.Type], Value: serial}, nil
		}
	}

	text, err := source.AppendText(nil, of, value)
	if err != nil {
		return nil, err
	}

	return textCell(string(text))
}

// exactNumber converts a decimal to a float, and reports whether the float has all its digits.
func exactNumber(number source.Number) (float64, bool) {
	digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(string(number), "-"), ".", "", 1), "0")
	if len(digits) > exactDigits || strings.Contains(string(number), "000000") {
		return 0, false
	}

	value, err := strconv.ParseFloat(string(number), 64)

	return value, err == nil
}

// firstDay is the first day with the same number in all programs, see [since1900].
var firstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// serialOf converts a date or datetime to a number of days, and reports whether a sheet shows it exactly, in milliseconds.
func serialOf(of source.Type, moment time.Time) (float64, bool) {
	isFine := moment.Nanosecond()%int(time.Millisecond) != 0
	if of == source.Timestamp || moment.Before(firstDay) || moment.Year() > 9999 || isFine {
		return 0, false
	}

	const day = 24 * 60 * 60

	seconds := moment.Unix() - since1900
	rest := time.Duration(seconds%day)*time.Second + time.Duration(moment.Nanosecond())

	return float64(seconds/day) + float64(rest)/float64(24*time.Hour), true
}

// textCell converts text to a cell, or returns an error if a cell cannot represent it.
func textCell(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not UTF-8")
	}

	// The library would replace the character by U+FFFD.
	if i := strings.IndexFunc(text, isLost); i >= 0 {
		char, _ := utf8.DecodeRuneInString(text[i:])

		return nil, fmt.Errorf("the text has the character %U, which a sheet cannot represent", char)
	}

	if units := len(utf16.Encode([]rune(text))); units > maxText {
		return nil, fmt.Errorf("the text has %d characters, but a cell has at most %d", units, maxText)
	}

	return text, nil
}

// isLost reports whether XML, and therefore a sheet, does not have a character.
func isLost(char rune) bool {
	return (char < ' ' && char != '\t' && char != '\n' && char != '\r') || char == '\ufffe' || char == '\uffff'
}

// Close completes the file.
func (w *Writer) Close() error {
	err := w.stream.Flush()
	if err == nil {
		_, err = w.file.WriteTo(w.out)
	}

	return errors.Join(err, w.file.Close())
}
