package xlsx_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func write(t *testing.T, f source.Format, columns source.Schema, records ...source.Record) []byte {
	t.Helper()

	var content bytes.Buffer

	writer, err := xlsx.NewWriter(&content, f, columns)
	require.NoError(t, err)

	for _, record := range records {
		require.NoError(t, writer.Append(record))
	}

	require.NoError(t, writer.Close())

	return content.Bytes()
}

func open(t *testing.T, content []byte, f source.Format) *xlsx.Rows {
	t.Helper()

	rows, err := xlsx.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{Format: f})
	require.NoError(t, err)

	return rows
}

func TestWriteAndReadKeepValuesOfEveryType(t *testing.T) {
	t.Parallel()

	for _, sample := range sourcetest.Samples() {
		t.Run(sample.Name(), func(t *testing.T) {
			t.Parallel()

			columns := source.Schema{
				sourcetest.Column("n", source.Standard{Type: source.Integer}), sourcetest.Column("v", sample.Type),
			}

			var (
				records []source.Record
				values  []any
			)

			for _, value := range sample.Values {
				if text, isText := value.(string); isText && (len(text) > 32_767 || strings.ContainsAny(text, "\x00\x01\x1f\ufffe\uffff")) {
					continue // Those are refused.
				}

				records = append(records, source.Record{int64(len(records)), value})
				values = append(values, value)
			}

			typed, err := source.Convert(open(t, write(t, source.Format{}, columns, records...), source.Format{}), "files", source.Read{Types: map[string]source.Standard{"v": sample.Type}})
			require.NoError(t, err)

			for i, record := range sourcetest.ReadAll(t, typed) {
				require.True(t, sourcetest.Equal(sample.Type, values[i], record[1]), "%#v became %#v", values[i], record[1])
			}
		})
	}
}

// book returns a workbook that is written with excelize.
func book(t *testing.T, fill func(f *excelize.File)) []byte {
	t.Helper()

	file := excelize.NewFile()
	fill(file)

	var content bytes.Buffer

	_, err := file.WriteTo(&content)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	return content.Bytes()
}

func set(t *testing.T, file *excelize.File, sheet string, cells map[string]any) {
	t.Helper()

	for cell, value := range cells {
		require.NoError(t, file.SetCellValue(sheet, cell, value))
	}
}

func TestReadInfersColumnTypes(t *testing.T) {
	t.Parallel()

	content := book(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{
			"A1": "int", "B1": "float", "C1": "text", "D1": "flag", "E1": "mixed", "F1": "day", "G1": "empty", "H1": "sum",
			"A2": 1, "B2": 1.5, "C2": "007", "D2": true, "E2": 1, "F2": time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC), "H2": 0,
			"A3": 2, "B3": 2, "C3": "", "D3": false, "E3": "x", "F3": time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC),
		})
		require.NoError(t, f.SetCellFormula("Sheet1", "H2", "A2+A3"))
	})

	rows := open(t, content, source.Format{})

	types := map[string]source.Type{}
	for _, column := range rows.Schema() {
		types[column.Name] = column.Type
	}

	require.Equal(t, map[string]source.Type{
		"int": source.Integer, "float": source.Float, "text": source.Text, "flag": source.Boolean, "mixed": source.Text,
		"day": source.Datetime, "empty": source.Text, "sum": source.Text,
	}, types)

	records := sourcetest.ReadAll(t, rows)
	require.Equal(t, source.Record{
		int64(1), 1.5, "007", true, "1", time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC), nil, "0",
	}, records[0])
	require.Equal(t, source.Record{
		int64(2), 2.0, "", false, "x", time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), nil, nil,
	}, records[1])
}

func TestReadSheetAndRange(t *testing.T) {
	t.Parallel()

	content := book(t, func(f *excelize.File) {
		_, err := f.NewSheet("Orders 2026")
		require.NoError(t, err)

		set(t, f, "Orders 2026", map[string]any{
			"A1": "a title", "B3": "id", "C3": "name", "B4": 1, "C4": "one", "D4": "beside", "B7": 2, "B9": "below",
		})
	})

	for _, area := range []string{"B3:C7", "$B$3:$C$8", "b3:c8"} {
		rows := open(t, content, source.Format{Sheet: "Orders 2026", Range: area})
		require.Equal(t, []string{"id", "name"}, rows.Schema().Names())
		require.Equal(t, []source.Record{{int64(1), "one"}, {int64(2), nil}}, sourcetest.ReadAll(t, rows))
		require.Equal(t, "sheet Orders 2026, row 7", rows.Location())
	}

	no := false
	rows := open(t, content, source.Format{Sheet: "Orders 2026", Range: "B4:D", Header: &no})
	require.Equal(t, []string{"column1", "column2", "column3"}, rows.Schema().Names())
	require.Len(t, sourcetest.ReadAll(t, rows), 3)

	for message, f := range map[string]source.Format{
		`the file has no sheet "x"`:  {Sheet: "x"},
		`"B3" is not a range`:        {Range: "B3"},
		`the range "C3:B7" has no`:   {Range: "C3:B7"},
		`the sheet is empty`:         {},
		`the column is "", which is`: {Sheet: "Orders 2026", Range: "A3:C7"},
	} {
		_, err := xlsx.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{Format: f})
		require.ErrorContains(t, err, message)
	}
}

func TestReadReportsInvalidCellsWithTheirPlace(t *testing.T) {
	t.Parallel()

	content := book(t, func(f *excelize.File) {
		set(t, f, "Sheet1", map[string]any{"A1": "id"})

		for row := 2; row <= 1_002; row++ {
			cell, err := excelize.CoordinatesToCellName(1, row)
			require.NoError(t, err)
			require.NoError(t, f.SetCellValue("Sheet1", cell, row))
		}

		set(t, f, "Sheet1", map[string]any{"A1003": "x", "A1004": 5})
	})

	rows := open(t, content, source.Format{})

	var err error
	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.ErrorContains(t, err, `sheet Sheet1, row 1003, column "id", cell A1003: x has the type text, but the column has the type integer because of its first rows`)

	var rejected []source.Reject

	rejecting, err := xlsx.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{Reject: func(r source.Reject) error {
		rejected = append(rejected, r)

		return nil
	}})
	require.NoError(t, err)
	require.Len(t, sourcetest.ReadAll(t, rejecting), 1_002)
	require.Len(t, rejected, 1)
	require.Equal(t, "sheet Sheet1, row 1003", rejected[0].Location)
}

func TestWriteReportsValuesThatASheetCannotRepresent(t *testing.T) {
	t.Parallel()

	writer, err := xlsx.NewWriter(&bytes.Buffer{}, source.Format{}, source.Schema{
		sourcetest.Column("v", source.Standard{Type: source.Text}),
	})
	require.NoError(t, err)

	err = writer.Append(source.Record{string(bytes.Repeat([]byte("x"), 32_768))})
	require.ErrorContains(t, err, `record 1, column "v": the text has 32768 characters, but a cell has at most 32767`)
	require.NotContains(t, err.Error(), "32767:", "the cause is reported once")

	for _, text := range []string{"\x00", "a\x01", "\x1f\n", "\ufffe", "b\uffff"} {
		err := writer.Append(source.Record{text})
		require.ErrorContains(t, err, `column "v": the text has the character U+`, "%q", text)
		require.ErrorContains(t, err, "which a sheet cannot represent")
	}

	_, err = xlsx.NewWriter(&bytes.Buffer{}, source.Format{}, source.Schema{
		sourcetest.Column("a\x01", source.Standard{Type: source.Text}),
	})
	require.ErrorContains(t, err, `the name of the column "a\x01" cannot be written: the text has the character U+0001`)

	_, err = xlsx.NewWriter(&bytes.Buffer{}, source.Format{Range: "A1:B2"}, nil)
	require.ErrorContains(t, err, "a range cannot be written")
}

// XML has these characters, although similar ones are missing.
func TestWriteAndReadKeepSpecialCharacters(t *testing.T) {
	t.Parallel()

	columns := source.Schema{sourcetest.Column("v", source.Standard{Type: source.Text})}
	records := []source.Record{{"\t\n"}, {"a\rb"}, {"\r"}, {"\u007f"}, {"\u0085"}, {"\u2028"}, {"\ufffd"}, {"\U0001fffe"}}

	require.Equal(t, records, sourcetest.ReadAll(t, open(t, write(t, source.Format{}, columns, records...), source.Format{})))
}

func TestWriteAndReadKeepRecordsOfNulls(t *testing.T) {
	t.Parallel()

	columns := source.Schema{
		sourcetest.Column("v", source.Standard{Type: source.Text}), sourcetest.Column("w", source.Standard{Type: source.Text}),
	}
	none := source.Record{nil, nil}
	no := false

	for _, f := range []source.Format{{}, {Header: &no}} {
		for _, records := range [][]source.Record{
			{{"a", "x"}, none, {"b", "y"}}, {none, {"a", "x"}}, {{"a", "x"}, none, none}, {none, {"a", nil}, none, {nil, "y"}},
		} {
			require.Equal(t, records, sourcetest.ReadAll(t, open(t, write(t, f, columns, records...), f)))
		}
	}

	require.Equal(t, []source.Record{none, none},
		sourcetest.ReadAll(t, open(t, write(t, source.Format{}, columns, none, none), source.Format{})))
}

// Programs leave rows with only styles or heights.
func TestReadSkipsRowsWithOnlyStyles(t *testing.T) {
	t.Parallel()

	content := book(t, func(f *excelize.File) {
		style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		require.NoError(t, err)

		set(t, f, "Sheet1", map[string]any{"A2": "id", "A4": 1, "A9": 2})
		require.NoError(t, f.SetCellStyle("Sheet1", "A1", "B1", style))
		require.NoError(t, f.SetCellStyle("Sheet1", "A5", "B6", style))
		require.NoError(t, f.SetRowHeight("Sheet1", 7, 40))
		require.NoError(t, f.SetCellStyle("Sheet1", "A10", "A12", style))
	})

	require.Equal(t, []source.Record{{int64(1)}, {int64(2)}}, sourcetest.ReadAll(t, open(t, content, source.Format{})))
}

func TestReadDatesOfThe1904System(t *testing.T) {
	t.Parallel()

	yes := true
	content := book(t, func(f *excelize.File) {
		require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}))
		set(t, f, "Sheet1", map[string]any{"A1": "day", "A2": 1})

		layout := "dd.mm.yyyy"
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &layout})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "A2", "A2", style))
	})

	require.Equal(t, []source.Record{{time.Date(1904, 1, 2, 0, 0, 0, 0, time.UTC)}}, sourcetest.ReadAll(t, open(t, content, source.Format{})))
}

func TestNewReaderRefusesInvalidFiles(t *testing.T) {
	t.Parallel()

	whole := write(t, source.Format{}, source.Schema{sourcetest.Column("v", source.Standard{Type: source.Text})}, source.Record{"x"})

	for _, content := range [][]byte{nil, []byte("id,name\n"), whole[:len(whole)/2], whole[:len(whole)-1]} {
		_, err := xlsx.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{})

		var problem *source.Error
		require.ErrorAs(t, err, &problem)
		require.Equal(t, source.CodeRecordInvalid, problem.Code)
	}
}

func TestAColumnWithANamedTypeIsText(t *testing.T) {
	t.Parallel()

	content := write(t, source.Format{}, source.Schema{sourcetest.Column("n", source.Standard{Type: source.Integer})}, source.Record{int64(7)})

	rows, err := xlsx.NewReader(bytes.NewReader(content), int64(len(content)), source.Read{
		Types: map[string]source.Standard{"n": {Type: source.Decimal}},
	})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{"7"}}, sourcetest.ReadAll(t, rows), "whatever follows")
	require.NoError(t, rows.Close())
}
