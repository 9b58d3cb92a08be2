package format_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

var german = source.Notation{
	DateFormat: "dd.MM.yyyy", TimestampFormat: "dd.MM.yyyy HH:mm", DecimalSeparator: ",", ThousandsSeparator: ".",
	Booleans: []string{"ja", "nein"}, Trim: true,
}

// invoice are the types of the columns of an invoice.
var invoice = map[string]source.Standard{
	"number": {Type: source.Integer}, "amount": {Type: source.Decimal, Precision: 10, Scale: 2}, "due": {Type: source.Date},
	"sent": {Type: source.Datetime}, "paid": {Type: source.Boolean}, "rate": {Type: source.Decimal},
}

// convert returns the records of a file whose columns have the types of an invoice, and the rejected records.
func convert(t *testing.T, content []byte, name string, f source.Format) (records []source.Record, rejects []source.Reject) {
	t.Helper()

	o := options(f)
	o.Types = invoice
	o.Reject = func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}

	rows, err := format.Read(t.Context(), &file{Reader: bytes.NewReader(content)}, name, o)
	require.NoError(t, err)

	converted, err := source.Convert(rows, "files", o.Read)
	require.NoError(t, err)

	for {
		record, err := converted.Next(t.Context())
		if err == io.EOF {
			require.NoError(t, converted.Close())

			return records, rejects
		}

		require.NoError(t, err)

		records = append(records, append(source.Record{}, record...))
	}
}

func TestReadConvertsTextsInTheNotationOfTheFormat(t *testing.T) {
	t.Parallel()

	f := source.Format{Notation: german, Columns: map[string]source.Notation{"rate": {DecimalSeparator: ".", ThousandsSeparator: "'"}}}
	want := []source.Record{
		{
			int64(1234), source.Number("1234.56"), time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
			time.Date(2025, 12, 31, 23, 59, 0, 0, time.UTC), true, source.Number("1000.5"), "x  y",
		},
	}

	book := excelize.NewFile()
	require.NoError(t, book.SetSheetRow("Sheet1", "A1", &[]any{" number ", "amount", "due", "sent", "paid", "rate", "note"}))
	require.NoError(t, book.SetSheetRow("Sheet1", "A2", &[]any{1234, 1234.56, "31.12.2025", "31.12.2025 23:59", "ja", "1'000.5", " x  y"}))
	require.NoError(t, book.SetSheetRow("Sheet1", "A3", &[]any{"1.234", "1.234,56", "31.12.2025", "31.12.2025 23:59", " JA", 1000.5, "x  y "}))

	var sheet bytes.Buffer

	require.NoError(t, book.Write(&sheet))

	for name, content := range map[string]string{
		"a.csv": "number; amount ;due;sent;paid;rate;note\n 1.234 ;1.234,56;31.12.2025;31.12.2025 23:59;Ja;1'000.5; x  y \n" +
			"1.234;\" 1.234,56\";31.12.2025;31.12.2025 23:59;ja;1000.5;x  y\n",
		"a.ndjson": `{"number":"1.234","amount":" 1.234,56","due":"31.12.2025","sent":"31.12.2025 23:59","paid":"ja","rate":"1'000.5","note":" x  y"}` + "\n" +
			`{"number":1234,"amount":1234.56,"due":"31.12.2025","sent":"31.12.2025 23:59","paid":true,"rate":1000.5,"note":"x  y"}`,
		"a.xml": "<all><r><number>1.234</number><amount>1.234,56</amount><due>31.12.2025</due><sent> 31.12.2025 23:59</sent><paid>ja</paid>" +
			"<rate>1000.5</rate><note> x  y </note></r></all>",
		"a.xlsx": sheet.String(),
	} {
		f := f
		if name == "a.csv" {
			f.Separator = ";"
		}

		records, rejects := convert(t, []byte(content), name, f)
		require.Empty(t, rejects, name)

		for _, record := range records {
			require.Equal(t, want[0], record, name)
		}

		require.NotEmpty(t, records)
	}
}

func TestReadRejectsTextsInAnotherNotation(t *testing.T) {
	t.Parallel()

	f := source.Format{Separator: ";", Notation: german}
	content := "number;amount;due;sent;paid;rate\n1;12.50;;;;\n2;;2025-12-31;;;\n3;;;;yes;\n4;;;;;1\n"

	records, rejects := convert(t, []byte(content), "a.csv", f)
	require.Len(t, records, 1)
	require.Equal(t, []source.Reject{
		{Location: "line 2", Message: `column "amount": "12.50" is not a value of type decimal(10,2) in the format's notation of numbers`, Text: "1;12.50;;;;"},
		{Location: "line 3", Message: `column "due": "2025-12-31" is not a value of type date, which is written as dd.MM.yyyy`, Text: "2;;2025-12-31;;;"},
		{Location: "line 4", Message: `column "paid": "yes" is not a value of type boolean, which is written ja or nein`, Text: "3;;;;yes;"},
	}, rejects)
}

func TestTrimReadsSpacesWithoutQuotesAsNull(t *testing.T) {
	t.Parallel()

	_, records, err := read(t, []byte("a,b\n  ,\"  \"\n"), "a.csv", options(source.Format{Notation: source.Notation{Trim: true}}))
	require.NoError(t, err)
	require.Equal(t, []source.Record{{nil, ""}}, records)
}

func TestAFileInANotationIsReadAgainInTheSameNotation(t *testing.T) {
	t.Parallel()

	f := source.Format{Separator: ";", Notation: german}
	f.Trim = false

	names := []string{"number", "amount", "due", "sent", "paid", "rate"}

	schema := make(source.Schema, len(names))
	for i, name := range names {
		schema[i] = source.Column{Name: name, Standard: invoice[name]}
	}

	records := []source.Record{
		{
			int64(-1234), source.Number("1234.50"), time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC),
			time.Date(2025, 12, 31, 23, 59, 0, 0, time.UTC), false, source.Number("0.001"),
		},
		{nil, nil, nil, nil, nil, nil},
	}

	content := write(t, "a.csv", f, schema, records...)
	require.Equal(t, "number;amount;due;sent;paid;rate\n-1234;1234,50;31.12.2025;31.12.2025 23:59;nein;0,001\n;;;;;\n", string(content))

	again, rejects := convert(t, content, "a.csv", f)
	require.Empty(t, rejects)
	require.Equal(t, records, again)

	writer, err := format.NewWriter(io.Discard, "a.csv", f, schema)
	require.NoError(t, err)

	records[0][3] = time.Date(2025, 12, 31, 23, 59, 58, 0, time.UTC)
	require.ErrorContains(t, writer.Append(records[0]), `record 1, column "sent": the pattern dd.MM.yyyy HH:mm can't represent 2025-12-31T23:59:58Z`)
}

func TestReadProposesTheSeparatorOfTheHeader(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ content, separator, hint string }{
		{"id;betrag\n1;2\n", "", `set the format's separator: ";"`},
		{"id\tbetrag\n1\t2\n", "", `set the format's separator: "tab"`},
		{"id|betrag\n1|2\n", "", `set the format's separator: "|"`},
		{"id,betrag\n1,2\n", ";", `set the format's separator: ","`},
	} {
		_, _, err := read(t, []byte(test.content), "a.csv", options(source.Format{Separator: test.separator}))
		require.ErrorContains(t, err, "line 1: with the separator")
		require.ErrorContains(t, err, test.hint)
	}

	for _, content := range []string{"\"id;betrag\"\n1;2\n", "id\n1;2\n", "id;x,b\n1,2\n"} {
		_, _, err := read(t, []byte(content), "a.csv", options(source.Format{}))
		require.NoError(t, err, content)
	}

	no := false
	_, records, err := read(t, []byte("id;betrag\n"), "a.csv", options(source.Format{Header: &no}))
	require.NoError(t, err)
	require.Len(t, records, 1)
}

func TestNewReaderRefusesANotationWithMistakes(t *testing.T) {
	t.Parallel()

	_, err := format.Read(t.Context(), &file{Reader: strings.NewReader("a\n")}, "a.csv", options(source.Format{Notation: source.Notation{DateFormat: "DD"}}))
	requireProblem(t, err, source.CodeOperationUnsupported, `the format's dateFormat: the pattern "DD" has the letter D; its letters are yyyy, MM, dd, HH, mm, ss, SSS and XXX, for example dd.MM.yyyy HH:mm:ss; other letters stand in single quotes`)
}

func TestTheNameOfASingleColumnWithASeparatorIsReadAgain(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"a;b", "a|b", "a\tb", "a,b", "a'b;"} {
		for _, f := range []source.Format{{}, {Separator: ";"}, {Quote: "'"}} {
			names, records, err := read(t, write(t, "a.csv", f, texts(name), source.Record{"x;y"}), "a.csv", options(f))
			require.NoError(t, err)
			require.Equal(t, []string{name}, names)
			require.Equal(t, []source.Record{{"x;y"}}, records)
		}
	}

	_, err := format.NewWriter(io.Discard, "a.csv", source.Format{Quote: "none"}, texts("a;b"))
	require.ErrorContains(t, err, "the file has the single column")
}
