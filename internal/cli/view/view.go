// Package view prints what commands have read from an API server, for people on a terminal and for programs.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// Output is where a command prints: data to Out, everything else to Err.
type Output struct {
	Out, Err io.Writer
}

// defaultWidth is the number of columns of a terminal whose width is unknown.
const defaultWidth = 80

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)

	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // A file descriptor is small.
}

// Width returns the number of columns of a terminal.
func Width(stream any) int {
	if file, ok := stream.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 { //nolint:gosec // As above.
			return width
		}
	}

	return defaultWidth
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

// Note prints a line for people to Err.
func (o Output) Note(format string, arguments ...any) {
	_, _ = fmt.Fprintf(o.Err, format+"\n", arguments...) // An error of the terminal can't be reported.
}

// Table prints rows below their header, in columns without lines. On a terminal, it cuts the last column so that each row has one
// line. Cells are texts, numbers, which are aligned to the right, or a [State].
func (o Output) Table(header []string, rows [][]any) error {
	lines := table.NewWriter()
	lines.SetStyle(plain)

	colored := HasColors(o.Out)
	titles := make(table.Row, len(header))

	for i, title := range header {
		titles[i] = title
	}

	lines.AppendHeader(titles)

	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, value := range row {
			cells[i] = value
			if state, ok := value.(State); ok {
				cells[i] = state.text(colored)
			}
		}

		lines.AppendRow(cells)
	}

	if IsTerminal(o.Out) {
		lines.Style().Size.WidthMax = Width(o.Out)
	}

	_, err := fmt.Fprintln(o.Out, lines.Render())

	return err
}

// plain is a style without lines: columns are two spaces apart.
var plain = table.Style{
	Box:     table.BoxStyle{PaddingRight: "  ", UnfinishedRow: "…"},
	Format:  table.FormatOptions{Header: text.FormatUpper},
	Options: table.OptionsNoBordersAndSeparators,
}
