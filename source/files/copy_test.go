package files_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

func TestCopyTableCopiesBytesIfFormatsAreEqual(t *testing.T) {
	t.Parallel()

	no, yes := false, true

	for _, test := range []struct {
		name   string
		read   source.Read
		write  source.Write
		copied bool
	}{
		{"a file", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.csv"), Mode: source.Replace}, true},
		{"the letters of its extension", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.2.CSV"), Mode: source.Replace}, true},
		{"a compressed file", source.Read{Table: named("t.csv.gz")}, source.Write{Table: named("u.csv.gz"), Mode: source.Replace}, true},
		{"a format", source.Read{Table: named("t.csv"), Format: source.Format{Null: "-", Notation: source.Notation{Booleans: []string{"1", "0"}}}}, source.Write{Table: named("u.csv"), Mode: source.Replace, Format: source.Format{Null: "-", Notation: source.Notation{Booleans: []string{"1", "0"}}}}, true},
		{"an explicit header", source.Read{Table: named("t.csv"), Format: source.Format{Header: &yes}}, source.Write{Table: named("u.csv"), Mode: source.Replace}, true},
		{"an explicit type and compression", source.Read{Table: named("t.csv"), Format: source.Format{Type: "csv", Compression: "none"}}, source.Write{Table: named("u"), Mode: source.Replace, Format: source.Format{Type: "csv", Compression: "none"}}, true},

		{"another type", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.json"), Mode: source.Replace}, false},
		{"another compression", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.csv.gz"), Mode: source.Replace}, false},
		{"another type within a compression", source.Read{Table: named("t.csv.gz")}, source.Write{Table: named("u.json.gz"), Mode: source.Replace}, false},
		{"an explicit type", source.Read{Table: named("t.csv"), Format: source.Format{Type: "csv"}}, source.Write{Table: named("u.csv.gz"), Mode: source.Replace, Format: source.Format{Type: "csv"}}, false},
		{"another separator", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.csv"), Mode: source.Replace, Format: source.Format{Separator: ";"}}, false},
		{"another header", source.Read{Table: named("t.csv"), Format: source.Format{Header: &no}}, source.Write{Table: named("u.csv"), Mode: source.Replace}, false},
		{"one of many tables", source.Read{Table: named("t.xlsx"), Format: source.Format{Sheet: "a"}}, source.Write{Table: named("u.xlsx"), Mode: source.Replace, Format: source.Format{Sheet: "a"}}, false},
		{"append", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.csv"), Mode: source.Append}, false},
		{"refill", source.Read{Table: named("t.csv")}, source.Write{Table: named("u.csv"), Mode: source.Refill}, false},
		{"a pattern", source.Read{Table: named("t*.csv")}, source.Write{Table: named("u.csv"), Mode: source.Replace}, false},
		{"rejects", source.Read{Table: named("t.csv"), Reject: func(source.Reject) error { return nil }}, source.Write{Table: named("u.csv"), Mode: source.Replace}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			content := "id,name\r\n" + strings.Repeat("1,x\r\n", 100_000) // With line ends that no writer of ours makes.
			if strings.HasSuffix(test.read.Table.Name, ".gz") {
				content = zipped(t, content)
			}

			from := open(t, "from", map[string]string{test.read.Table.Name: content, "t.csv": content})
			to := open(t, "to", nil)

			var (
				reported    []int64
				rows, total int64
			)

			written, copied, err := to.CopyTable(t.Context(), from.Source, test.read, test.write, func(sofar int64, of source.Extent) {
				rows, reported, total = sofar, append(reported, of.Bytes), of.TotalBytes
			})
			require.NoError(t, err)
			require.Equal(t, test.copied, copied)

			if !test.copied {
				require.Empty(t, to.names(t))
				require.Empty(t, reported)

				return
			}

			require.Equal(t, source.Written{Rows: 100_000}, written)
			require.Equal(t, []string{test.write.Table.Name}, to.names(t))
			require.Equal(t, content, to.text(t, test.write.Table.Name))
			require.IsNonDecreasing(t, reported)
			require.EqualValues(t, len(content), reported[len(reported)-1])
			require.EqualValues(t, len(content), total)
			require.EqualValues(t, 100_000, rows)
		})
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()

	var content strings.Builder

	writer := gzip.NewWriter(&content)
	_, err := io.WriteString(writer, text)
	require.NoError(t, err)
	require.NoError(t, writer.Close())

	return content.String()
}

func TestCopyTableOfAnInvalidFileLeavesNothing(t *testing.T) {
	t.Parallel()

	for name, content := range map[string]string{
		"at its beginning": "",
		"in its middle":    "a,b\n" + strings.Repeat("1,2\n", 100_000) + "1,2,3\n" + strings.Repeat("1,2\n", 100_000),
		"at its end":       "a,b\n" + strings.Repeat("1,2\n", 100_000) + "1,\"2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			from, to := open(t, "files", map[string]string{"t.csv": content}), open(t, "to", nil)

			_, copied, err := to.CopyTable(t.Context(), from.Source, source.Read{Table: named("t.csv")},
				source.Write{Table: named("u.csv"), Mode: source.Replace}, nil)
			require.False(t, copied)

			var problem *source.Error

			require.ErrorAs(t, err, &problem)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Equal(t, "files", problem.Source)
			require.Empty(t, to.names(t))
		})
	}
}

func TestCopyTableCopiesOnlyFromFiles(t *testing.T) {
	t.Parallel()

	_, copied, err := open(t, "to", nil).CopyTable(t.Context(), other{}, source.Read{Table: named("t.csv")},
		source.Write{Table: named("t.csv"), Mode: source.Replace}, nil)
	require.NoError(t, err)
	require.False(t, copied)
}

// other is a source of another kind.
type other struct{ source.Reader }

func TestCopyTableErrorNamesTheFailingSide(t *testing.T) {
	t.Parallel()

	from := open(t, "files", nil)
	to := open(t, "to", map[string]string{"t.csv": "old"})
	read, write := source.Read{Table: named("missing.csv")}, source.Write{Table: named("t.csv"), Mode: source.Replace}

	_, copied, err := to.CopyTable(t.Context(), from.Source, read, write, nil)
	require.False(t, copied)
	requireProblem(t, err, source.CodeTableNotFound, "missing.csv", "there is no such file")

	from, to = open(t, "from", map[string]string{"t.csv": "new"}), open(t, "files", map[string]string{"t.csv/t.csv": "old"})

	_, copied, err = to.CopyTable(t.Context(), from.Source, source.Read{Table: named("t.csv")}, write, nil)
	require.False(t, copied)
	requireProblem(t, err, source.CodeUnavailable, "t.csv", "its name is that of a folder")
	require.Equal(t, []string{"t.csv/t.csv"}, to.names(t))
}

func TestCopyTableEndsWithItsContext(t *testing.T) {
	t.Parallel()

	from := open(t, "from", map[string]string{"t.csv": strings.Repeat("x", 1<<20)})
	to := open(t, "to", nil)

	ctx, cancel := context.WithCancel(t.Context())

	_, copied, err := to.CopyTable(ctx, from.Source, source.Read{Table: named("t.csv")},
		source.Write{Table: named("t.csv"), Mode: source.Replace}, func(int64, source.Extent) { cancel() })
	require.Equal(t, context.Canceled, err)
	require.False(t, copied)
	require.Empty(t, to.names(t))
}

func TestWriteFileAndOpenFilePreserveBytes(t *testing.T) {
	t.Parallel()

	keeper := open(t, "files", nil)
	content := strings.Repeat("\x00\xff\r\n", 1<<18)

	size, err := keeper.WriteFile(t.Context(), "x/t", strings.NewReader(content))
	require.NoError(t, err)
	require.EqualValues(t, len(content), size)
	require.Equal(t, []string{"x/t"}, keeper.names(t))

	file, err := keeper.OpenFile(t.Context(), "x/t")
	require.NoError(t, err)
	require.EqualValues(t, len(content), file.(format.Sizer).Size())

	kept, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Equal(t, content, string(kept))

	_, err = keeper.OpenFile(t.Context(), "x/u")
	requireProblem(t, err, source.CodeTableNotFound, "x/u", "there is no such file")

	_, err = keeper.OpenFile(t.Context(), "x/*")
	requireProblem(t, err, source.CodeOperationUnsupported, "x/*", "a pattern names many files")
}

func TestWriteFileLeavesTheFileUnchangedIfTheContentFails(t *testing.T) {
	t.Parallel()

	keeper := open(t, "files", map[string]string{"t": "old"})
	failure := errors.New("the connection is gone")

	_, err := keeper.WriteFile(t.Context(), "t", io.MultiReader(strings.NewReader("new"), iotest.ErrReader(failure)))
	require.Equal(t, failure, err)
	require.Equal(t, []string{"t"}, keeper.names(t))
	require.Equal(t, "old", keeper.text(t, "t"))
}
