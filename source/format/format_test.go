package format_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// file is a file without random access.
type file struct {
	io.Reader

	closed int
}

func (f *file) Close() error {
	f.closed++

	return nil
}

// randomFile is a file with random access.
type randomFile struct {
	*bytes.Reader

	closed int
}

func (f *randomFile) Close() error {
	f.closed++

	return nil
}

// options returns options with a source and a table.
func options(f source.Format) format.Options {
	return format.Options{Read: source.Read{Format: f, Table: source.Table{Name: "orders"}}, Source: "files"}
}

// texts returns a schema of text columns.
func texts(names ...string) source.Schema {
	schema := make(source.Schema, len(names))
	for i, name := range names {
		schema[i] = source.Column{Name: name, Standard: source.Standard{Type: source.Text}}
	}

	return schema
}

// write returns a file with records.
func write(tb testing.TB, name string, f source.Format, schema source.Schema, records ...source.Record) []byte {
	tb.Helper()

	var content bytes.Buffer

	writer, err := format.NewWriter(&content, name, f, schema)
	require.NoError(tb, err)

	for _, record := range records {
		require.NoError(tb, writer.Append(record))
	}

	require.NoError(tb, writer.Close())

	return content.Bytes()
}

// read returns the column names of a file, and its records up to the end or the first error.
func read(tb testing.TB, content []byte, name string, o format.Options) (names []string, records []source.Record, err error) {
	tb.Helper()

	from := &file{Reader: bytes.NewReader(content)}
	defer func() { require.Positive(tb, from.closed) }()

	rows, err := format.Read(tb.Context(), from, name, o)
	if err != nil {
		return nil, nil, err
	}

	defer func() { require.NoError(tb, errors.Join(rows.Close(), rows.Close())) }()

	records, err = all(tb, rows)

	return rows.Schema().Names(), records, err
}

// all returns the records of rows up to the end or the first error.
func all(tb testing.TB, rows source.Rows) (records []source.Record, err error) {
	tb.Helper()

	for {
		record, err := rows.Next(tb.Context())
		if err == io.EOF {
			return records, nil
		}

		if err != nil {
			return records, err
		}

		records = append(records, slices.Clone(record))
	}
}

// requireProblem verifies the code and message of an error, and that it names source and table.
func requireProblem(t *testing.T, err error, code source.Code, message string) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, message, problem.Message)
	require.Equal(t, code, problem.Code)
	require.Equal(t, "files", problem.Source)
	require.Equal(t, "orders", problem.Table)
	require.Equal(t, code == source.CodeUnavailable, problem.Retryable)
	require.NotEqual(t, io.EOF, err, "the caller would take the failure for the end of the rows")
}

// textual are the types of files that have an encoding.
func textual(t source.FileType) bool {
	return slices.Contains([]string{"csv", "json", "ndjson"}, t.Name)
}

func TestWriteAndReadEveryTypeOfFile(t *testing.T) {
	t.Parallel()

	schema := texts("id", "näme")
	records := []source.Record{
		{"1", "café, \"au\nlait\""},
		{"2", nil},
		{"3", ""},
		{"4", strings.Repeat("é", 10_000)},
	}

	for _, of := range source.FileTypes() {
		for _, how := range append([]source.FileType{{Name: "none", Extensions: []string{""}}}, source.Compressions()...) {
			for _, encoding := range []string{"", "utf-8", "utf-16", "UTF-16LE", "utf-16be", "windows-1252", "latin1", "gb18030"} {
				if encoding != "" && !textual(of) {
					continue
				}

				t.Run(of.Name+" "+how.Name+" "+encoding, func(t *testing.T) {
					t.Parallel()

					// Either the name or the format determines type and compression.
					for name, f := range map[string]source.Format{
						"a/orders" + of.Extensions[0] + how.Extensions[0]: {Encoding: encoding},
						"orders": {Type: of.Name, Compression: how.Name, Encoding: encoding},
					} {
						content := write(t, name, f, schema, records...)

						names, read, err := read(t, content, name, options(f))
						require.NoError(t, err)
						require.Equal(t, schema.Names(), names)
						require.Equal(t, records, read)
					}
				})
			}
		}
	}
}

func TestReadUsesRandomAccessIfAvailable(t *testing.T) {
	t.Parallel()

	for _, of := range source.FileTypes() {
		for _, extension := range []string{"", ".gz", ".zip"} {
			name := "orders" + of.Extensions[0] + extension

			t.Run(name, func(t *testing.T) {
				t.Parallel()

				from := &randomFile{Reader: bytes.NewReader(write(t, name, source.Format{}, texts("a", "b"), source.Record{"1", "x"}))}

				rows, err := format.Read(t.Context(), from, name, options(source.Format{}))
				require.NoError(t, err)
				require.Zero(t, from.closed)

				records, err := all(t, rows)
				require.NoError(t, err)
				require.Equal(t, []source.Record{{"1", "x"}}, records)
				require.NoError(t, rows.Close())
				require.Positive(t, from.closed)
			})
		}
	}
}

func TestReadAndWriteRefuseInvalidFormats(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, file string
		format     source.Format
		message    string
	}{
		{"an unknown end", "folder/orders.txt", source.Format{}, `the name "orders.txt" does not determine the type of the file`},
		{"no end", "orders", source.Format{}, `the name "orders" does not determine the type of the file`},
		{"only a compression", "orders.gz", source.Format{}, `the name "orders" does not determine the type of the file`},
		{"an unknown type", "orders.csv", source.Format{Type: "cvs"}, `"cvs" is not a supported type of files`},
		{"an unknown compression", "orders.csv", source.Format{Compression: "rar"}, `"rar" is not a supported compression`},
		{"an unknown encoding", "orders.csv", source.Format{Encoding: "utf-9"}, `"utf-9" is not a supported encoding`},
		{"an encoding that may not be read", "orders.csv", source.Format{Encoding: "iso-2022-kr"}, `"iso-2022-kr" is not a supported encoding`},
		{"a member without a zip file", "orders.csv", source.Format{Member: "a.csv"}, "the format has a member, but the file is not a zip file"},
		{"a separator of json", "orders.json", source.Format{Separator: ";"}, "the format's field separator has no effect on a file of type json"},
		{"a sheet of csv", "orders.csv", source.Format{Sheet: "Orders"}, "the format's field sheet has no effect on a file of type csv"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, _, err := read(t, []byte("a\n"), test.file, options(test.format))
			requireProblem(t, err, source.CodeOperationUnsupported, test.message)

			_, err = format.NewWriter(io.Discard, test.file, test.format, texts("a"))
			requireProblem(t, format.Named(err, "files", source.Table{Name: "orders"}), source.CodeOperationUnsupported, test.message)
		})
	}
}

func TestErrorsListTheSupportedTypes(t *testing.T) {
	t.Parallel()

	_, _, err := read(t, nil, "orders.txt", options(source.Format{}))
	for _, of := range source.FileTypes() {
		require.ErrorContains(t, err, of.Name)
	}

	_, _, err = read(t, nil, "orders.csv", options(source.Format{Compression: "rar"}))
	for _, how := range source.Compressions() {
		require.ErrorContains(t, err, how.Name)
	}
}

func TestExtensionsAreMatchedInAnyCase(t *testing.T) {
	t.Parallel()

	content := write(t, "ORDERS.CSV.GZ", source.Format{}, texts("a"), source.Record{"1"})
	require.Equal(t, "\x1f\x8b", string(content[:2]))

	_, records, err := read(t, content, "Orders.Csv.Gz", options(source.Format{}))
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)
}

func TestTheFormatTakesPrecedenceOverTheName(t *testing.T) {
	t.Parallel()

	_, records, err := read(t, []byte("a\n1\n"), "orders.json.gz", options(source.Format{Type: "csv", Compression: "none"}))
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1"}}, records)
}
