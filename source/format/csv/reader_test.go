package csv_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
)

func TestReadVariantsOfCSV(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, text string
		format     source.Format
		names      []string
		records    []source.Record
	}{
		{"plain", "id,name\n1,Oslo\n", source.Format{}, []string{"id", "name"}, []source.Record{{"1", "Oslo"}}},
		{"no line break at the end", "id,name\n1,Oslo", source.Format{}, []string{"id", "name"}, []source.Record{{"1", "Oslo"}}},
		{"no records", "id,name\n", source.Format{}, []string{"id", "name"}, nil},
		{"no records and no line break", "id,name", source.Format{}, []string{"id", "name"}, nil},
		{"CRLF", "a,b\r\n1,2\r\n3,4\r\n", source.Format{}, []string{"a", "b"}, []source.Record{{"1", "2"}, {"3", "4"}}},
		{"CR", "a,b\r1,2\r3,4\r", source.Format{}, []string{"a", "b"}, []source.Record{{"1", "2"}, {"3", "4"}}},
		{"each line with another end", "a,b\r1,2\n3,4\r\n5,6", source.Format{}, []string{"a", "b"}, []source.Record{{"1", "2"}, {"3", "4"}, {"5", "6"}}},
		{"CR alone behind a quote", "a,b\r\"1\",\"2\"\r3,4\r", source.Format{}, []string{"a", "b"}, []source.Record{{"1", "2"}, {"3", "4"}}},
		{"line breaks within quotes", "a,b\n\"x\r\ny\",\"x\ry\n\"\n", source.Format{}, []string{"a", "b"}, []source.Record{{"x\r\ny", "x\ry\n"}}},
		{"doubled quotes", `a,b` + "\n" + `"Bergen, ""south""","""x"` + "\n" + `"""",""""""`, source.Format{}, []string{"a", "b"}, []source.Record{{`Bergen, "south"`, `"x`}, {`"`, `""`}}},
		{"quoted names", "\"a,b\",\"c\nd\"\n1,2\n", source.Format{}, []string{"a,b", "c\nd"}, []source.Record{{"1", "2"}}},
		{"spaces are kept", "a,b\n 1 , \n", source.Format{}, []string{"a", "b"}, []source.Record{{" 1 ", " "}}},
		{"not only ASCII", "näme,b\n株式,é\n", source.Format{}, []string{"näme", "b"}, []source.Record{{"株式", "é"}}},
		{"NUL", "a,b\n\x00,1\n", source.Format{}, []string{"a", "b"}, []source.Record{{"\x00", "1"}}},
		{"nothing is NULL and quotes are empty text", "a,b\n,\"\"\n\"\",\n", source.Format{}, []string{"a", "b"}, []source.Record{{nil, ""}, {"", nil}}},
		{"a text for NULL", "a,b,c\n\\N,,\"\\N\"\n", source.Format{Null: `\N`}, []string{"a", "b", "c"}, []source.Record{{nil, "", `\N`}}},
		{"a quoted empty text beside a text for NULL", "a,b\n\"\",NULL\n", source.Format{Null: "NULL"}, []string{"a", "b"}, []source.Record{{"", nil}}},
		{"empty lines are no records", "a,b\n\n1,2\n\r\n\n3,4\n\n", source.Format{}, []string{"a", "b"}, []source.Record{{"1", "2"}, {"3", "4"}}},
		{"empty lines of one column are", "a\n\n1\n\n\"\"\n", source.Format{}, []string{"a"}, []source.Record{{nil}, {"1"}, {nil}, {""}}},
		{"empty lines of one column beside a text for NULL", "a\n\nNULL\n", source.Format{Null: "NULL"}, []string{"a"}, []source.Record{{""}, {nil}}},
		{"semicolons", "a;b\n1,5;\"x;y\"\n", source.Format{Separator: ";"}, []string{"a", "b"}, []source.Record{{"1,5", "x;y"}}},
		{"tab", "a\tb\n1\t2\n", source.Format{Separator: "tab"}, []string{"a", "b"}, []source.Record{{"1", "2"}}},
		{"a separator of several bytes", "a→b\n1→\"x→y\"\n", source.Format{Separator: "→"}, []string{"a", "b"}, []source.Record{{"1", "x→y"}}},
		{"a character that begins like the separator", "a→b\n←→\"←\"\n", source.Format{Separator: "→"}, []string{"a", "b"}, []source.Record{{"←", "←"}}},
		{"another quote", "a,b\n'x''y','\"'\n", source.Format{Quote: "'"}, []string{"a", "b"}, []source.Record{{"x'y", `"`}}},
		{"a quote of several bytes", "a,b\n→x→→y→,←\n", source.Format{Quote: "→"}, []string{"a", "b"}, []source.Record{{"x→y", "←"}}},
		{"no quotes", "a,b\n\"x\",y\"z\n", source.Format{Quote: "none"}, []string{"a", "b"}, []source.Record{{`"x"`, `y"z`}}},
		{"no header", "1,2\n3,4\n", source.Format{Header: &no}, []string{"column1", "column2"}, []source.Record{{"1", "2"}, {"3", "4"}}},
		{"no header, and quotes", "\"1\n\",\n3,4\n", source.Format{Header: &no}, []string{"column1", "column2"}, []source.Record{{"1\n", nil}, {"3", "4"}}},
		{"no header, one column, NULL", "\nx\n", source.Format{Header: &no}, []string{"column1"}, []source.Record{{nil}, {"x"}}},
		{"repeated values", "a,b\nx,\nx,1\ny,1\n,1\n", source.Format{}, []string{"a", "b"}, []source.Record{{"x", nil}, {"x", "1"}, {"y", "1"}, {nil, "1"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			for _, content := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				rows, err := csv.NewReader(content, source.Read{Format: test.format})
				require.NoError(t, err)
				require.Equal(t, test.names, rows.Schema().Names())

				for _, column := range rows.Schema() {
					require.Equal(t, source.Standard{Type: source.Text}, column.Standard)
				}

				records, err := readAll(t, rows)
				require.NoError(t, err)
				require.Equal(t, test.records, records)
			}
		})
	}
}

func TestReadReportsErrorsWithTheirLine(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, text string
		format     source.Format
		message    string
	}{
		{"empty file", "", source.Format{}, "the file is empty"},
		{"empty file without a header", "", source.Format{Header: &no}, "the file is empty"},
		{"too few fields", "a,b\n1,2\n2\n", source.Format{}, "line 3: it has 1 field, and the table has 2 columns"},
		{"too many fields", "a,b\n1,2,3\n", source.Format{}, "line 2: it has 3 fields, and the table has 2 columns"},
		{"too many fields in one column", "a\n1,2\n", source.Format{}, "line 2: it has 2 fields, and the table has 1 column"},
		{"too few quoted fields", "a,b\n\"1\"\n", source.Format{}, "line 2: it has 1 field, and the table has 2 columns"},
		{"a line behind a field of two lines", "a,b\n1,\"x\ny\"\n2\n", source.Format{}, "line 4: it has 1 field, and the table has 2 columns"},
		{"a line behind fields with all line ends", "a,b\r1,\"x\ry\r\nz\n\"\r\n2\n", source.Format{}, "line 6: it has 1 field, and the table has 2 columns"},
		{"a line behind empty lines", "a,b\n\n\r\n\r2\n", source.Format{}, "line 5: it has 1 field, and the table has 2 columns"},
		{"a line behind a name of two lines", "\"a\n\",b\n2\n", source.Format{}, "line 3: it has 1 field, and the table has 2 columns"},
		{"two columns of one name", "a,b,a\n", source.Format{}, `line 1: the name "a" of column 3 is not unique`},
		{"a column without a name", "a,\n", source.Format{}, "line 1: column 2 has no name"},
		{"a quote in the midst", "a,b\n1,x\"y\n", source.Format{}, "line 2, field 2: it contains a quote, but does not begin with one"},
		{"a quote in the midst of a name", "a\"\n", source.Format{}, "line 1, field 1: it contains a quote, but does not begin with one"},
		{"text behind a quote", "a,b\n\"1\"2,3\n", source.Format{}, "line 2, field 1: there is text after its closing quote"},
		{"a quote that is never closed", "a,b\n1,\"x\n2,y\n", source.Format{}, "line 2, field 2: its quote is never closed"},
		{"not UTF-8", "a,b\n1,2\n3,caf\xe9\n", source.Format{}, `line 3, column "b": "caf\xe9" is not text in UTF-8`},
		{"not UTF-8, in quotes", "a,b\n\"caf\xe9\",1\n", source.Format{}, `line 2, column "a": "caf\xe9" is not text in UTF-8`},
		{"two halves of a character", "a,b\n\"\xc3\",\"\xa9\"\n", source.Format{}, `line 2, column "a": "\xc3" is not text in UTF-8`},
		{"a name that is not UTF-8", "a,caf\xe9\n", source.Format{}, `line 1, field 2: "caf\xe9" is not text in UTF-8`},
		{"a first record that is not UTF-8", "\xe9,1\n", source.Format{Header: &no}, `line 1, field 1: "\xe9" is not text in UTF-8`},
		{"the encoding that the file should have", "a\n\xff\n", source.Format{Encoding: "shift_jis"}, `line 2, column "a": "\xff" is not text in shift_jis`},
		{"the end of a long text", "a\n" + strings.Repeat("x", 1000) + "\xff" + strings.Repeat("y", 1000), source.Format{}, `line 2, column "a": "` + strings.Repeat("x", 50) + `\xff` + strings.Repeat("y", 19) + `" is not text in UTF-8`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			rows, err := csv.NewReader(strings.NewReader(test.text), source.Read{Format: test.format})
			if err == nil {
				_, err = readAll(t, rows)
			}

			requireInvalid(t, err, test.message)

			if rows != nil {
				_, again := rows.Next(t.Context())
				require.Equal(t, err, again, "reading ends with the first mistake")
			}
		})
	}
}

func TestRejectReceivesInvalidRecordsAndReadingContinues(t *testing.T) {
	t.Parallel()

	const text = "a,b\n" +
		"1,2\n" +
		"3\n" +
		"\"4\n\n\",5,6\n" +
		"7,x\"y\n" +
		"\"8\"x,9\n" +
		"caf\xe9,10\n" +
		"11,12\n" +
		"13,\"never closed\r\n" +
		"14,15"

	var rejects []source.Reject

	rows, err := csv.NewReader(strings.NewReader(text), source.Read{Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}})
	require.NoError(t, err)

	records, err := readAll(t, rows)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1", "2"}, {"11", "12"}, {"14", "15"}}, records)
	require.Equal(t, []source.Reject{
		{Location: "line 3", Message: "it has 1 field, and the table has 2 columns", Text: "3"},
		{Location: "line 4", Message: "it has 3 fields, and the table has 2 columns", Text: "\"4\n\n\",5,6"},
		{Location: "line 7", Message: "field 2: it contains a quote, but does not begin with one", Text: `7,x"y`},
		{Location: "line 8", Message: "field 1: there is text after its closing quote", Text: `"8"x,9`},
		{Location: "line 9", Message: `column "a": "caf\xe9" is not text in UTF-8`, Text: "caf\ufffd,10"},
		{Location: "line 11", Message: "field 2: its quote is never closed", Text: `13,"never closed`},
	}, rejects)
	require.Equal(t, "line 13", rows.Location(), "behind the last line")
}

func TestRejectReceivesAnExcerptOfALongRecord(t *testing.T) {
	t.Parallel()

	var rejected source.Reject

	text := "a,b\n" + strings.Repeat("é", 1_000_000) + "\n1,2\n"

	rows, err := csv.NewReader(strings.NewReader(text), source.Read{Reject: func(reject source.Reject) error {
		rejected = reject

		return nil
	}})
	require.NoError(t, err)

	records, err := readAll(t, rows)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1", "2"}}, records)
	require.Equal(t, strings.Repeat("é", 2<<10)+"…", rejected.Text)
}

func TestAnErrorOfRejectEndsReading(t *testing.T) {
	t.Parallel()

	full := errors.New("too many rejects")

	rows, err := csv.NewReader(strings.NewReader("a,b\n1\n2,3\n"), source.Read{Reject: func(source.Reject) error { return full }})
	require.NoError(t, err)

	for range 2 {
		_, err = rows.Next(t.Context())
		require.Equal(t, full, err)
	}
}

func TestLocationIsTheFirstLineOfTheLastRecord(t *testing.T) {
	t.Parallel()

	rows, err := csv.NewReader(strings.NewReader("a,b\n1,2\n\n\"x\n\ny\",2\n3,4\n"), source.Read{})
	require.NoError(t, err)

	for _, line := range []string{"line 2", "line 4", "line 7"} {
		_, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, line, rows.Location())
	}

	require.NoError(t, rows.Close())
}

func TestNextDoesNotReuseValues(t *testing.T) {
	t.Parallel()

	rows, err := csv.NewReader(strings.NewReader("a,b\n1,x\n2,\"y\"\n3,x\n"), source.Read{})
	require.NoError(t, err)

	var values []any

	for range 3 {
		record, err := rows.Next(t.Context())
		require.NoError(t, err)

		values = append(values, record...)

		record[0], record[1] = int64(7), "y" // As those do who convert values in place.
	}

	require.Equal(t, []any{"1", "x", "2", "y", "3", "x"}, values)
}

// endless is a file that repeats the same bytes.
type endless struct {
	text string
	at   int
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := copy(p[done:], e.text[e.at:])
		done += n
		e.at = (e.at + n) % len(e.text)
	}

	e.read += len(p)

	return len(p), nil
}

func TestReadLimitsTheSizeOfARecord(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, text, message string }{
		{"a quote that is never closed", "a,b\n1,\"", "line 2: the record that begins here does not end within 64 MiB"},
		{"a line that never ends", "a,b\n1,", "line 2: the record that begins here does not end within 64 MiB"},
		{"a header that never ends", "a,b", "line 1: the record that begins here does not end within 64 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			rest := &endless{text: "some text, "}
			if strings.HasSuffix(test.text, `"`) {
				rest.text = "some lines\n"
			}

			rows, err := csv.NewReader(io.MultiReader(strings.NewReader(test.text), rest), source.Read{})
			if err == nil {
				_, err = rows.Next(t.Context())
			}

			requireInvalid(t, err, test.message)
			require.LessOrEqual(t, rest.read, 65<<20)
		})
	}
}

func TestReadContinuesAfterARecordThatIsTooLong(t *testing.T) {
	t.Parallel()

	content := io.MultiReader(strings.NewReader("a,b\n"), io.LimitReader(&endless{text: "x"}, 100<<20), strings.NewReader("\r\n1,2\n3\n"))

	var rejects []string

	rows, err := csv.NewReader(content, source.Read{Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject.Location+": "+reject.Message)

		return nil
	}})
	require.NoError(t, err)

	records, err := readAll(t, rows)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"1", "2"}}, records)
	require.Equal(t, []string{
		"line 2: the record that begins here does not end within 64 MiB",
		"line 4: it has 1 field, and the table has 2 columns",
	}, rejects)
}

func TestReadRecordsLargerThanTheBuffer(t *testing.T) {
	t.Parallel()

	for _, length := range []int{100, 128<<10 - 3, 256<<10 - 1, 256 << 10, 256<<10 + 1, 3 << 20} {
		long := strings.Repeat("x", length)
		text := "a,b\n" + long + ",1\n\"" + long + "\",2\r\n\"" + long + "\"\"\n\",3"

		rows, err := csv.NewReader(iotest.HalfReader(strings.NewReader(text)), source.Read{})
		require.NoError(t, err)

		records, err := readAll(t, rows)
		require.NoError(t, err)
		require.Equal(t, []source.Record{{long, "1"}, {long, "2"}, {long + "\"\n", "3"}}, records)
	}
}

func TestReadDoesNotDependOnTheEndOfTheBuffer(t *testing.T) {
	t.Parallel()

	const buffer = 256 << 10

	for _, format := range []source.Format{{Separator: "→"}, {Separator: ";", Quote: "→"}, {Separator: "tab"}} {
		s, q := format.Separator, format.Quote
		if q == "" {
			q = `"`
		}

		if s == "tab" {
			s = "\t"
		}

		text := q + "x\r\ny" + q + q + "\r\n" + q + s + q + "z" + q + "\r\n" + "1" + s + "é\r" + "\r\n" + "2" + s + "3\r\n" + "4" + s + q + q + "\r"
		records := []source.Record{{"x\r\ny" + q + "\r\n", "z"}, {"1", "é"}, {"2", "3"}, {"4", ""}}

		for at := range len(text) + 1 {
			header := "a" + s + "b\n"
			first := strings.Repeat("0", buffer-len(header)-len(s)-1-at)

			rows, err := csv.NewReader(strings.NewReader(header+first+s+"\n"+text), source.Read{Format: format})
			require.NoError(t, err)

			read, err := readAll(t, rows)
			require.NoError(t, err)
			require.Equal(t, append([]source.Record{{first, nil}}, records...), read, at)
		}
	}
}

func TestReadReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	for _, failure := range []error{io.ErrUnexpectedEOF, errors.New("the network is down")} {
		for _, test := range []struct {
			text    string
			records []source.Record
		}{
			{"a,b\n1,2\n3,", []source.Record{{"1", "2"}}},
			{"a,b\n1,2\n3,4\r", []source.Record{{"1", "2"}}},
			{"a,b\n1,2\n\"3", []source.Record{{"1", "2"}}},
			{"a,", nil},
			{"", nil},
		} {
			rows, err := csv.NewReader(io.MultiReader(strings.NewReader(test.text), iotest.ErrReader(failure)), source.Read{})

			var records []source.Record
			if err == nil {
				records, err = readAll(t, rows)
			}

			require.Equal(t, failure, err)
			require.Equal(t, test.records, records)
		}
	}
}

func TestReadParsesColumnsOfNamedTypes(t *testing.T) {
	t.Parallel()

	const text = "id,price,day,name\n1,1.50,2026-01-02,x\n,,,\n\"2\",\"2\",\"\",\"\"\n1e3,3,2026-01-02,y\n4,5,2026-02-30,\"z\"\n5,6,2026-01-02,w\n"

	types := map[string]source.Standard{
		"id": {Type: source.Integer}, "price": {Type: source.Decimal, Precision: 4, Scale: 2}, "day": {Type: source.Date},
		"of no column": {Type: source.UUID},
	}
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

	var rejects []source.Reject

	rows, err := csv.NewReader(strings.NewReader(text), source.Read{Types: types, Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, types["price"], rows.Schema()[1].Standard)

	records, err := readAll(t, rows)
	require.NoError(t, err)
	require.Equal(t, []source.Record{
		{int64(1), source.Number("1.50"), day, "x"},
		{nil, nil, nil, nil},
		{int64(2), source.Number("2"), nil, ""},
		{int64(5), source.Number("6"), day, "w"},
	}, records)
	require.Equal(t, []source.Reject{
		{Location: "line 5", Message: `column "id": "1e3" is not a value of type integer`, Text: "1e3,3,2026-01-02,y"},
		{Location: "line 6", Message: `column "day": "2026-02-30" is not a value of type date`, Text: `4,5,2026-02-30,"z"`},
	}, rejects)

	rows, err = csv.NewReader(strings.NewReader("id\nx\n"), source.Read{Types: types})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.ErrorContains(t, err, `line 2, column "id": "x" is not a value of type integer`)
}
