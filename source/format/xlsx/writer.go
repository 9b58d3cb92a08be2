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
)

// Limits of the format (https://support.microsoft.com/office/excel-specifications-and-limits).
const (
	maxRows      = 1_048_576
	maxText      = 32_767 // UTF-16 code units in a cell.
	exactDigits  = 15     // Of a number.
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

// NewWriter begins a sheet. Numbers, booleans, dates and times become cells of these kinds, where a sheet holds them
// exactly; all that it does not hold exactly, and what it has no kind for, becomes text in the form of
// [source.AppendText], from which it can be read back.
func NewWriter(w io.Writer, f source.Format, schema source.Schema) (*Writer, error) {
	if f.Range != "" {
		return nil, &source.Error{
			Code: source.CodeOperationUnsupported, Message: "a sheet is written whole, not into a range", Hint: "drop range",
		}
	}

	if len(schema) > maxColumns {
		return nil, broken(fmt.Sprintf("the table has %d columns, and a sheet has %d at most", len(schema), maxColumns), nil)
	}

	writer := &Writer{
		out: w, file: excelize.NewFile(), schema: schema, styles: map[source.Type]int{}, cells: make([]any, len(schema)),
	}

	if err := writer.begin(f); err != nil {
		return nil, errors.Join(err, writer.file.Close())
	}

	return writer, nil
}

// layouts are the number formats of moments.
var layouts = map[source.Type]string{
	source.Date: "yyyy-mm-dd", source.Time: "hh:mm:ss", source.Datetime: `yyyy-mm-dd\ hh:mm:ss`,
}

func (w *Writer) begin(f source.Format) (err error) {
	sheet := defaultSheet

	if f.Sheet != "" {
		sheet = f.Sheet
		if err := w.file.SetSheetName(defaultSheet, sheet); err != nil {
			return broken(fmt.Sprintf("the sheet can't be named %q", sheet), err)
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
			return broken(fmt.Sprintf("the name of the column %q can't be written: %v", column.Name, err), err)
		}
	}

	return w.writeRow()
}

func (w *Writer) writeRow() error {
	w.row++

	return w.stream.SetRow("A"+strconv.Itoa(w.row), w.cells)
}

// Append adds a record.
func (w *Writer) Append(record source.Record) error {
	w.count++

	if w.row == maxRows {
		return broken(fmt.Sprintf("record %d: a sheet has %d rows at most; write CSV or Parquet", w.count, maxRows), nil)
	}

	for i, column := range w.schema {
		var err error
		if w.cells[i], err = w.cell(column.Standard, record[i]); err != nil {
			return broken(fmt.Sprintf("record %d, column %q: %v", w.count, column.Name, err), err)
		}
	}

	return w.writeRow()
}

// cell is a value as a cell; nil is none.
func (w *Writer) cell(of source.Standard, value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // NULL is no cell.
	case string:
		return textCell(v)
	case bool:
		return v, nil
	case int64:
		if -exactInteger <= v && v <= exactInteger {
			return v, nil
		}
	case float64:
		// An integer would be read as one.
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

// exactNumber returns a decimal as a number, where that has all its digits.
func exactNumber(number source.Number) (float64, bool) {
	digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(string(number), "-"), ".", "", 1), "0")
	if len(digits) > exactDigits || strings.Contains(string(number), "000000") {
		return 0, false
	}

	value, err := strconv.ParseFloat(string(number), 64)

	return value, err == nil
}

// firstDay is the first day whose number all programs agree on, see [since1900].
var firstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// serialOf returns a moment as the number of days, where a sheet shows it exactly: to milliseconds.
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

// textCell is text as a cell holds it, or says why it can't.
func textCell(text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not UTF-8")
	}

	// The library would write U+FFFD for them.
	if i := strings.IndexFunc(text, isLost); i >= 0 {
		char, _ := utf8.DecodeRuneInString(text[i:])

		return nil, fmt.Errorf("the text has the character %U, which a sheet can't hold", char)
	}

	if units := len(utf16.Encode([]rune(text))); units > maxText {
		return nil, fmt.Errorf("the text has %d characters, and a cell has %d at most", units, maxText)
	}

	return text, nil
}

// isLost reports whether a character is one of those that XML does not have, of which a sheet is made.
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
