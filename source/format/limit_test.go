package format_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// fields returns n texts of the form, which contains the number of the text, joined by a separator.
func fields(n int, form, separator string) string {
	var text strings.Builder

	for i := range n {
		if i > 0 {
			text.WriteString(separator)
		}

		fmt.Fprintf(&text, form, i)
	}

	return text.String()
}

func TestReadRefusesMoreColumnsThanTheLimit(t *testing.T) {
	t.Parallel()

	for name, content := range map[string]func(columns int) string{
		"a.csv":    func(n int) string { return fields(n, "c%d", ",") + "\n" + fields(n, "%d", ",") + "\n" },
		"a.json":   func(n int) string { return "[{" + fields(n, `"c%d":1`, ",") + "}]" },
		"a.ndjson": func(n int) string { return "{" + fields(n, `"c%d":1`, ",") + "}" },
		"a.xml":    func(n int) string { return "<all><r>" + fields(n, "<c%d/>", "") + "</r></all>" },
		"b.xml":    func(n int) string { return "<all><r " + fields(n, `c%d=""`, " ") + "/></all>" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			names, _, err := read(t, []byte(content(source.MaxColumns)), name, options(source.Format{}))
			require.NoError(t, err)
			require.Len(t, names, source.MaxColumns)

			for _, columns := range []int{source.MaxColumns + 1, 100_000} {
				_, _, err = read(t, []byte(content(columns)), name, options(source.Format{}))
				requireProblem(t, err, source.CodeLimitExceeded, "the records have more than 16384 columns, the limit of a record")
			}
		})
	}

	wide := make([]string, source.MaxColumns+1)
	for i := range wide {
		wide[i] = fmt.Sprintf("c%d", i)
	}

	_, _, err := read(t, write(t, "a.parquet", source.Format{}, texts(wide...)), "a.parquet", options(source.Format{}))
	requireProblem(t, err, source.CodeLimitExceeded, "the records have more than 16384 columns, the limit of a record")
}

func TestReadKeepsNoMemoryForFieldsBeyondTheLimit(t *testing.T) { //nolint:paralleltest // It measures memory.
	content := "a,b\n\"1\"" + strings.Repeat(",", 40<<20) + "\n"

	var before, after runtime.MemStats

	runtime.ReadMemStats(&before)

	_, _, err := read(t, []byte(content), "a.csv", options(source.Format{}))
	requireProblem(t, err, source.CodeRecordInvalid, "line 2: it has 41943041 fields, and the table has 2 columns")

	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(300<<20), "memory for each field")
}

func TestReadRefusesMoreSharedStringsThanTheLimit(t *testing.T) {
	t.Parallel()

	content := book(t, bomb(20_000_000), 1)
	require.Less(t, len(content), 1<<20)

	_, _, err := read(t, content, "a.xlsx", options(source.Format{}))
	requireProblem(t, err, source.CodeLimitExceeded, "the file has more than 8388608 shared strings, or more than 4 GiB of them")
}

func TestReadRefusesASharedStringLongerThanARecord(t *testing.T) {
	t.Parallel()

	text := func(size int64) io.Reader {
		return io.MultiReader(strings.NewReader("<sst><si><t>"), io.LimitReader(&endless{repeated: "x", after: size + 1}, size),
			strings.NewReader("</t></si></sst>"))
	}

	_, _, err := read(t, book(t, text(100<<20), 1), "a.xlsx", options(source.Format{}))
	requireProblem(t, err, source.CodeRecordInvalid, "the shared strings of the file cannot be read: a row or a text has more than 64 MiB")

	_, _, err = read(t, book(t, text(1<<20), 1), "a.xlsx", options(source.Format{}))
	require.NoError(t, err)
}

func TestReadRefusesARowWhoseCellsShareALongText(t *testing.T) {
	t.Parallel()

	shared := "<sst><si><t>" + strings.Repeat("x", 1<<20) + "</t></si></sst>"
	o := options(source.Format{Header: new(bool)})

	_, _, err := read(t, book(t, strings.NewReader(shared), 64), "a.xlsx", o)
	require.NoError(t, err)

	_, _, err = read(t, book(t, strings.NewReader(shared), 65), "a.xlsx", o)
	requireProblem(t, err, source.CodeRecordInvalid, "sheet S, row 1, the texts of the row have more than 64 MiB")
}
