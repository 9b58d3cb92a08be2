package worker_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sqlite"
)

var update = flag.Bool("update", false, "rewrite the generated sections")

var typesPage = filepath.Join("..", "docs", "types.md")

var generated = regexp.MustCompile(`(?s)<!-- generated: ([\w ]+) -->\n(.*?)\n<!-- /generated -->`)

// typed is a kind of sources or a format, with its types.
type typed struct {
	name      string
	types     []source.Mapping
	creations []source.Creation
}

func databases() []typed {
	return []typed{
		{"PostgreSQL", postgres.Types(), postgres.Creations()},
		{"MySQL and MariaDB", mysql.Types(), mysql.Creations()},
		{"SQLite", sqlite.Types(), sqlite.Creations()},
	}
}

func formats() []typed {
	return []typed{
		{"CSV", csv.Types(), csv.Creations()},
		{"JSON, NDJSON", json.Types(), json.Creations()},
		{"XML", xml.Types(), xml.Creations()},
		{"XLSX", xlsx.Types(), xlsx.Creations()},
		{"Parquet", parquet.Types(), parquet.Creations()},
	}
}

// matrix is a table in Markdown with a row for each standard type, a column for each source, and numbered notes below it.
type matrix struct {
	rows  []string
	cells map[cell][]entry
	notes []string // Those that the table refers to.
}

type cell struct{ row, column string }

// entry is a native type with a note.
type entry struct{ native, note string }

// mark returns the reference to a note, which has the same number wherever it occurs.
func (m *matrix) mark(note string) string {
	if note == "" {
		return ""
	}

	first, size := utf8.DecodeRuneInString(note)
	if !strings.HasPrefix(note, "infinity") && !strings.HasPrefix(note, "numeric ") {
		note = string(unicode.ToUpper(first)) + note[size:]
	}

	note = strings.TrimSuffix(note, ".") + "."

	at := slices.Index(m.notes, note)
	if at < 0 {
		at = len(m.notes)
		m.notes = append(m.notes, note)
	}

	return fmt.Sprintf(" <sup>%d</sup>", at+1)
}

// add adds a native type to a cell.
func (m *matrix) add(row, column, native, note string) {
	if !slices.Contains(m.rows, row) {
		m.rows = append(m.rows, row)
	}

	at := cell{row, column}
	m.cells[at] = append(m.cells[at], entry{native, note})
}

// cell returns the text of a cell. Types with the same note are on one line.
func (m *matrix) cell(entries []entry) string {
	var text strings.Builder

	for i, e := range entries {
		isLast := i == len(entries)-1
		text.WriteString(e.native)

		switch {
		case !isLast && entries[i+1].note == e.note && !strings.Contains(e.native+entries[i+1].native, ","):
			text.WriteString(", ")
		case isLast:
			text.WriteString(m.mark(e.note))
		default:
			text.WriteString(m.mark(e.note) + "<br>")
		}
	}

	return text.String()
}

func (m *matrix) text(columns []typed) string {
	var text strings.Builder

	text.WriteString("| standard type |")

	for _, column := range columns {
		text.WriteString(" " + column.name + " |")
	}

	text.WriteString("\n|---" + strings.Repeat("|---", len(columns)) + "|\n")

	for _, row := range m.rows {
		title := row
		if !strings.Contains(row, " ") {
			title = "`" + row + "`"
		}

		text.WriteString("| " + title + " |")

		for _, column := range columns {
			if entries := m.cells[cell{row, column.name}]; entries != nil {
				text.WriteString(" " + m.cell(entries))
			}

			text.WriteString(" |")
		}

		text.WriteString("\n")
	}

	text.WriteString("\n")

	for i, note := range m.notes {
		fmt.Fprintf(&text, "%d. %s\n", i+1, note)
	}

	return text.String()
}

const (
	isError = "an error"
	isOther = "depends on the column"
)

// reading returns the table of the native types that are read as each standard type.
func reading(columns []typed) string {
	m := matrix{cells: map[cell][]entry{}}

	for _, of := range source.Types() {
		m.rows = append(m.rows, string(of))
	}

	for _, column := range columns {
		arrays := map[string]bool{} // The notes of arrays.

		for _, mapping := range column.types {
			standard, arguments, hasArguments := strings.Cut(mapping.Standard, "(")
			note := mapping.Note

			switch {
			case mapping.Standard == "":
				standard = isError
			case strings.HasSuffix(mapping.Standard, "[]") && strings.HasSuffix(mapping.Native, "[]"):
				if !arrays[note] {
					arrays[note] = true
					m.add(string(source.Array), column.name, "arrays of these types", note)
				}

				continue
			case strings.Contains(standard, "[]"):
				standard = string(source.Array)
			case strings.Contains(standard, " "):
				standard, note = isOther, strings.TrimSpace("Read as "+mapping.Standard+". "+note)
			case hasArguments && !strings.Contains(mapping.Native, "("+arguments):
				note = "As " + mapping.Standard + ": " + note
			}

			m.add(standard, column.name, mapping.Native, note)
		}
	}

	return m.text(columns)
}

// writing returns the table of the native types that represent each standard type.
func writing(columns []typed) string {
	m := matrix{cells: map[cell][]entry{}}

	for _, of := range source.Types() {
		if m.rows = append(m.rows, string(of)); of == source.Decimal {
			m.rows = append(m.rows, "decimal(p,s)")
		}
	}

	for _, column := range columns {
		for _, creation := range column.creations {
			standard := creation.Standard
			if strings.HasPrefix(standard, "integer[]") {
				standard = string(source.Array)
			}

			m.add(standard, column.name, creation.Native, creation.Note)

			hasBoth := slices.ContainsFunc(column.creations, func(c source.Creation) bool { return c.Standard == "decimal(p,s)" })
			if standard == string(source.Decimal) && !hasBoth {
				m.add("decimal(p,s)", column.name, creation.Native, creation.Note)
			}
		}
	}

	return m.text(columns)
}

func TestTypesPageListsEveryDriverAndFormat(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile(typesPage)
	require.NoError(t, err)

	all := map[string]string{
		"read from databases": reading(databases()), "read from files": reading(formats()),
		"written to databases": writing(databases()), "written to files": writing(formats()),
	}
	found := map[string]bool{}

	current := generated.ReplaceAllStringFunc(string(page), func(section string) string {
		name := generated.FindStringSubmatch(section)[1]
		require.Contains(t, all, name)

		found[name] = true

		return "<!-- generated: " + name + " -->\n\n" + all[name] + "\n<!-- /generated -->"
	})

	require.Len(t, found, len(all), "the page lacks a section")

	if *update {
		require.NoError(t, os.WriteFile(typesPage, []byte(current), 0o600))

		return
	}

	require.Equal(t, current, string(page), "run the test with -update")
}

// The tables contain every type of every driver and format.
func TestTypeTablesContainEveryType(t *testing.T) {
	t.Parallel()

	for name, of := range map[string][]typed{"databases": databases(), "files": formats()} {
		read, written := reading(of), writing(of)

		for _, column := range of {
			for _, mapping := range column.types {
				if !strings.HasSuffix(mapping.Native, "[]") {
					require.Contains(t, read, mapping.Native, "%s: %s", name, column.name)
				}
			}

			for _, creation := range column.creations {
				require.Contains(t, written, creation.Native, "%s: %s", name, column.name)
			}
		}
	}
}

// Each source and format can store each standard type, possibly as another type.
func TestEveryDriverAndFormatMapsEveryStandardType(t *testing.T) {
	t.Parallel()

	for name, creations := range map[string][]source.Creation{
		"postgres": postgres.Creations(), "mysql": mysql.Creations(), "sqlite": sqlite.Creations(), "csv": csv.Creations(),
		"json": json.Creations(), "xml": xml.Creations(), "xlsx": xlsx.Creations(), "parquet": parquet.Creations(),
	} {
		var made []string
		for _, creation := range creations {
			made = append(made, creation.Standard)
		}

		all := strings.Join(made, " ") + " "

		for _, of := range source.Types() {
			require.Regexp(t, `(^|\W)(`+string(of)+`|any|every)\b|\[\]`, all, "%s does not map %s", name, of)
		}
	}
}
