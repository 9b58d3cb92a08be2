// Package view prints what commands have read from an API server, for people on a terminal and for programs.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Output is where a command prints: data to Out, everything else to Err.
type Output struct {
	Out, Err io.Writer
}

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)

	return ok && term.IsTerminal(int(file.Fd()))
}

// size returns the numbers of columns and of lines of a terminal.
func size(stream any) (width, height int) {
	if file, ok := stream.(*os.File); ok {
		if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}

	return 80, 24 // The size of a terminal whose own is unknown.
}

// HasColors reports whether texts for a stream may have colors: it is a terminal, and the user has not set NO_COLOR.
func HasColors(stream any) bool {
	return IsTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// JSON prints a value as indented JSON.
func (o Output) JSON(value any) error {
	encoder := json.NewEncoder(o.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	return encoder.Encode(value)
}

// Line prints a line of data to Out.
func (o Output) Line(format string, arguments ...any) error {
	_, err := fmt.Fprintf(o.Out, format+"\n", arguments...)

	return err
}

// Notef prints a line for people to Err.
func (o Output) Notef(format string, arguments ...any) {
	_, _ = fmt.Fprintf(o.Err, format+"\n", arguments...) // An error of the terminal can't be reported.
}

// Table prints rows below their header, in columns without lines. On a terminal, it cuts long cells, then the rows, so that each
// has one line. Cells are texts, numbers, which are aligned to the right, or a [State].
func (o Output) Table(header []string, rows [][]any) error {
	titles := make([]string, len(header))
	for i, title := range header {
		titles[i] = strings.ToUpper(title)
	}

	return o.table(titles, rows, true)
}

// table prints a table. On a terminal, it cuts what does not fit if it is to be cut.
func (o Output) table(header []string, rows [][]any, isCut bool) error {
	lines := table.NewWriter()
	lines.SetStyle(plain)
	lines.SuppressTrailingSpaces()

	columns := make([]table.ColumnConfig, len(header))
	titles := make(table.Row, len(header))

	for i, title := range header {
		titles[i], columns[i] = title, table.ColumnConfig{Number: i + 1}
	}

	colored := HasColors(o.Out)

	for _, row := range rows {
		cells := make(table.Row, len(row))

		for i, value := range row {
			cells[i] = value

			switch value := value.(type) {
			case State:
				cells[i] = value.text(colored)
			case string:
				cells[i] = harmless(value)
			case number, int, int64:
				columns[i].Align, columns[i].AlignHeader = text.AlignRight, text.AlignRight
			}
		}

		lines.AppendRow(cells)
	}

	if isCut && IsTerminal(o.Out) {
		width, _ := size(o.Out)
		lines.Style().Size.WidthMax = width

		widths := widthsOf(header, rows)
		for i, width := range fitting(widths, width) {
			if width < widths[i] {
				columns[i].WidthMax, columns[i].WidthMaxEnforcer = width, cut
			}
		}
	}

	lines.AppendHeader(titles)
	lines.SetColumnConfigs(columns)

	_, err := fmt.Fprintln(o.Out, lines.Render())

	return err
}

// gap is the number of spaces after a column.
const gap = 2

// widthsOf returns the widths of the columns of a table.
func widthsOf(header []string, rows [][]any) []int {
	widths := make([]int, len(header))

	for i, title := range header {
		widths[i] = text.StringWidth(title)

		for _, row := range rows {
			shown := row[i]
			if state, ok := shown.(State); ok {
				shown = state.text(false)
			}

			widths[i] = max(widths[i], text.StringWidth(fmt.Sprint(shown)))
		}
	}

	return widths
}

// widthOf returns the width of a table, with the space after its last column.
func widthOf(columns []int) (width int) {
	for _, column := range columns {
		width += column + gap
	}

	return width
}

// fitting makes the longest columns of a table shorter, until the table fits or until all of them have the length of the UUID
// that a job has by default.
func fitting(columns []int, width int) []int {
	const enough = 36

	columns = slices.Clone(columns)

	for widthOf(columns) > width {
		longest := slices.Max(columns)
		if longest <= enough {
			break
		}

		columns[slices.Index(columns, longest)]--
	}

	return columns
}

// plain is a style without lines: columns are two spaces apart.
var plain = table.Style{
	Box:     table.BoxStyle{PaddingRight: "  ", UnfinishedRow: "…"},
	Options: table.OptionsNoBordersAndSeparators,
}
