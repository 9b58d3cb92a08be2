package format_test

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// member is a file in a zip file.
type member struct{ name, text string }

// zipOf returns a zip file with members.
func zipOf(tb testing.TB, members ...member) []byte {
	tb.Helper()

	var content bytes.Buffer

	archive := zip.NewWriter(&content)

	for _, member := range members {
		file, err := archive.Create(member.name)
		require.NoError(tb, err)

		_, err = io.WriteString(file, member.text)
		require.NoError(tb, err)
	}

	require.NoError(tb, archive.Close())

	return content.Bytes()
}

func TestReadZipMembersAsOneTable(t *testing.T) {
	t.Parallel()

	members := []member{
		{"b.csv", "id,name\n2,b\n"},
		{"empty.csv", "id,name\n"},
		{"a.csv", "id,name\n1,a\n"},
		{"folder/", ""},
		{"folder/c.csv", "id,name\n3,c\n"},
		{"folder/d.json", `[{"id":"4","name":"d"}]`},
		{"__MACOSX/._a.csv", "\x00\x05\x16\x07"},
	}

	for _, test := range []struct {
		name, pattern string
		ids           []string
	}{
		{"all of them, in the order of their names", "", []string{"1", "2", "3", "4"}},
		{"one", "b.csv", []string{"2"}},
		{"one in a folder", "folder/d.json", []string{"4"}},
		{"a pattern", "*.csv", []string{"1", "2"}},
		{"a pattern over folders", "**/*.csv", []string{"1", "2", "3"}},
		{"a pattern with a choice", "{a,folder/*}.{csv,json}", []string{"1", "3", "4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			if test.pattern == "**/*.csv" {
				members := members[:len(members)-1] // The pattern matches it.

				names, records, err := read(t, zipOf(t, members...), "orders.zip", options(source.Format{Member: test.pattern}))
				requireIDs(t, test.ids, names, records, err)

				return
			}

			names, records, err := read(t, zipOf(t, members...), "orders.zip", options(source.Format{Member: test.pattern}))
			requireIDs(t, test.ids, names, records, err)
		})
	}
}

func requireIDs(t *testing.T, ids, names []string, records []source.Record, err error) {
	t.Helper()

	require.NoError(t, err)
	require.Equal(t, []string{"id", "name"}, names)

	var found []string
	for _, record := range records {
		found = append(found, record[0].(string))
	}

	require.Equal(t, ids, found)
}

func TestReadZipUsesItsNameForMembersWithoutAType(t *testing.T) {
	t.Parallel()

	for name, f := range map[string]source.Format{"orders.csv.zip": {}, "orders.zip": {Type: "csv"}} {
		_, records, err := read(t, zipOf(t, member{"orders.txt", "id\n1\n"}), name, options(f))
		require.NoError(t, err)
		require.Equal(t, []source.Record{{"1"}}, records)
	}
}

func TestLocationNamesTheZipMember(t *testing.T) {
	t.Parallel()

	content := zipOf(t, member{"a.csv", "id,name\n1,a\n1\n"}, member{"b.csv", "id,name\n\n2\n3,c\n"})

	var (
		places  []string
		rejects []source.Reject
	)

	o := options(source.Format{})
	o.Reject = func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}

	rows, err := format.Read(t.Context(), &randomFile{Reader: bytes.NewReader(content)}, "orders.zip", o)
	require.NoError(t, err)

	for range 2 {
		_, err := rows.Next(t.Context())
		require.NoError(t, err)

		places = append(places, rows.(source.Locator).Location())
	}

	require.Equal(t, []string{"a.csv, line 2", "b.csv, line 4"}, places)
	require.Equal(t, []source.Reject{
		{Location: "a.csv, line 3", Message: "it has 1 field, and the table has 2 columns", Text: "1"},
		{Location: "b.csv, line 3", Message: "it has 1 field, and the table has 2 columns", Text: "2"},
	}, rejects)
	require.NoError(t, rows.Close())
}

func TestReadZipReportsProblemsWithTheMember(t *testing.T) {
	t.Parallel()

	good := member{"a.csv", "id,name\n1,a\n"}
	broken := bytes.Replace(stored(t, "b.csv", "id,name\n1,b\n"), []byte("1,b"), []byte("1,c"), 1)
	locked := bytes.Clone(zipOf(t, good))
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1

	for _, test := range []struct {
		name    string
		content []byte
		format  source.Format
		code    source.Code
		message string
	}{
		{"a wrong record", zipOf(t, good, member{"b.csv", "id,name\n1\n"}), source.Format{}, source.CodeRecordInvalid, "b.csv, line 2: it has 1 field, and the table has 2 columns"},
		{"a wrong header", zipOf(t, good, member{"b.csv", "id,id\n"}), source.Format{}, source.CodeRecordInvalid, `b.csv, line 1: the name "id" of column 2 is not unique`},
		{"a wrong header of the first", zipOf(t, member{"b.csv", "id,id\n"}), source.Format{}, source.CodeRecordInvalid, `b.csv, line 1: the name "id" of column 2 is not unique`},
		{"other columns", zipOf(t, good, member{"b.csv", "name,id\nb,2\n"}), source.Format{}, source.CodeRecordInvalid, "b.csv: its columns are not those of a.csv: column 1 is \"name\" instead of \"id\""},
		{"another type", zipOf(t, member{"a.json", `[{"id":1}]`}, member{"b.json", `[{"id":true}]`}), source.Format{}, source.CodeRecordInvalid, `b.json: its columns are not those of a.json: column "id" has the type boolean instead of integer`},
		{"an unknown type", zipOf(t, good, member{"readme.txt", "Read me."}), source.Format{}, source.CodeOperationUnsupported, `the name "readme.txt" does not determine the type of the file`},
		{"a wrong checksum", broken, source.Format{}, source.CodeRecordInvalid, "b.csv: the zip compression is broken: zip: checksum error"},
		{"a password", locked, source.Format{}, source.CodeRecordInvalid, "a.csv: the member is encrypted"},
		{"a compressed member", zipOf(t, member{"a.csv", "\x1f\x8b\x08"}), source.Format{}, source.CodeRecordInvalid, "a.csv: the file is compressed with gzip, but its name does not say so"},
		{"no such member", zipOf(t, good, member{"b.csv", ""}), source.Format{Member: "c*"}, source.CodeRecordInvalid, `the zip file has no member "c*"`},
		{"no members", zipOf(t), source.Format{}, source.CodeRecordInvalid, "the zip file is empty"},
		{"a broken pattern", zipOf(t, good), source.Format{Member: "[a"}, source.CodeOperationUnsupported, `the member "[a" is neither a name nor a pattern`},
		{"no zip file", []byte("id,name\n"), source.Format{}, source.CodeRecordInvalid, "the zip file cannot be read: zip: not a valid zip file"},
		{"a zip file that was cut off", zipOf(t, good)[:60], source.Format{}, source.CodeRecordInvalid, "the zip file cannot be read: zip: not a valid zip file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, _, err := read(t, test.content, "orders.zip", options(test.format))
			requireProblem(t, err, test.code, test.message)
		})
	}
}

// stored returns a zip file with an uncompressed member.
func stored(t *testing.T, name, text string) []byte {
	t.Helper()

	var content bytes.Buffer

	archive := zip.NewWriter(&content)

	file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	require.NoError(t, err)

	_, err = io.WriteString(file, text)
	require.NoError(t, err)
	require.NoError(t, archive.Close())

	return content.Bytes()
}

func TestWriteZipNamesTheMember(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		file   string
		format source.Format
		member string
	}{
		{"folder/orders.csv.zip", source.Format{}, "orders.csv"},
		{"folder/orders.zip", source.Format{Type: "ndjson"}, "orders.ndjson"},
		{"orders", source.Format{Type: "csv", Compression: "zip"}, "orders.csv"},
		{"orders.zip", source.Format{Member: "folder/data.csv"}, "folder/data.csv"},
	} {
		content := write(t, test.file, test.format, texts("id"), source.Record{"1"})

		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err)
		require.Len(t, archive.File, 1)
		require.Equal(t, test.member, archive.File[0].Name)
		require.Equal(t, content, write(t, test.file, test.format, texts("id"), source.Record{"1"}), "the same every time")
	}

	_, err := format.NewWriter(io.Discard, "orders.zip", source.Format{Member: "*.csv"}, texts("id"))
	require.ErrorContains(t, err, `the member "*.csv" is not the name of a file`)

	_, err = format.NewWriter(io.Discard, "orders.zip", source.Format{}, texts("id"))
	require.ErrorContains(t, err, `the name "orders" does not determine the type of the file`)
}
