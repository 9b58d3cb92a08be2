package postgres_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestQueryDecodesEveryType(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE <= 100);
		CREATE TYPE pair AS (a int, b text)`)

	list := func(element source.Type) source.Standard {
		return source.Standard{Type: source.Array, Element: element}
	}
	number := func(precision, scale int) source.Standard {
		return source.Standard{Type: source.Decimal, Precision: precision, Scale: scale}
	}

	for _, test := range []struct {
		expression string
		standard   source.Standard
		want       any
	}{
		{"'-32768'::smallint", of(source.Integer), int64(math.MinInt16)},
		{"'-2147483648'::integer", of(source.Integer), int64(math.MinInt32)},
		{"'-9223372036854775808'::bigint", of(source.Integer), int64(math.MinInt64)},
		{"'9223372036854775807'::bigint", of(source.Integer), int64(math.MaxInt64)},
		{"'4294967295'::oid", of(source.Integer), int64(math.MaxUint32)},
		{"'0'::numeric", of(source.Decimal), source.Number("0")},
		{"'0.00'::numeric", of(source.Decimal), source.Number("0.00")},
		{"'-0.00001'::numeric", of(source.Decimal), source.Number("-0.00001")},
		{"'10000'::numeric", of(source.Decimal), source.Number("10000")},
		{"'123456789.0001'::numeric", of(source.Decimal), source.Number("123456789.0001")},
		{"1e30::numeric", of(source.Decimal), source.Number("1" + strings.Repeat("0", 30))},
		{"'12345678901234567890123456789012345678'::numeric", of(source.Decimal), source.Number("12345678901234567890123456789012345678")},
		{"'-1.50'::numeric(10,2)", number(10, 2), source.Number("-1.50")},
		{"'12345'::numeric(3,-2)", number(5, 0), source.Number("12300")},
		{"'0.00123'::numeric(3,5)", number(5, 5), source.Number("0.00123")},
		{"'99.99'::percent", number(5, 2), source.Number("99.99")},
		{"'0.1'::real", of(source.Float), 0.1},
		{"'1e30'::real", of(source.Float), 1e30},
		{"'16777216'::real", of(source.Float), 16777216.0},
		{"'Infinity'::real", of(source.Float), math.Inf(1)},
		{"'1e-300'::double precision", of(source.Float), 1e-300},
		{"'-Infinity'::double precision", of(source.Float), math.Inf(-1)},
		{"true", of(source.Boolean), true},
		{"false", of(source.Boolean), false},
		{"''::text", of(source.Text), ""},
		{"NULL::text", of(source.Text), nil},
		{"'ä'::varchar(20)", of(source.Text), "ä"},
		{"'ab'::char(4)", of(source.Text), "ab  "},
		{"'n'::name", of(source.Text), "n"},
		{"'c'::\"char\"", of(source.Text), "c"},
		{"date '2024-02-29'", of(source.Date), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"date '4713-01-01 BC'", of(source.Date), time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"date '5874897-12-31'", of(source.Date), time.Date(5874897, 12, 31, 0, 0, 0, 0, time.UTC)},
		{"time '24:00:00'", of(source.Time), 24 * time.Hour},
		{"time '12:30:00.000001'", of(source.Time), 12*time.Hour + 30*time.Minute + time.Microsecond},
		{"timestamp '1969-12-31 23:59:59.999999'", of(source.Datetime), time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		{"timestamp '0044-03-15 12:00 BC'", of(source.Datetime), time.Date(-43, 3, 15, 12, 0, 0, 0, time.UTC)},
		{"timestamptz '2024-10-27 02:30+02'", of(source.Timestamp), time.Date(2024, 10, 27, 0, 30, 0, 0, time.UTC)},
		{"timestamptz '294276-12-31 23:59:59.999999Z'", of(source.Timestamp), time.Date(294276, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		{`'\x00ff'::bytea`, of(source.Binary), []byte{0, 255}},
		{"''::bytea", of(source.Binary), []byte{}},
		{`'{"b": 1,  "a": 1.50}'::json`, of(source.JSON), json.RawMessage(`{"b": 1,  "a": 1.50}`)},
		{`'{"b": 1,  "a": 1.50}'::jsonb`, of(source.JSON), json.RawMessage(`{"a": 1.50, "b": 1}`)},
		{"'f47ac10b-58cc-0372-8567-0e02b2c3d479'::uuid", of(source.UUID), uuid.MustParse("f47ac10b-58cc-0372-8567-0e02b2c3d479")},
		{"'{}'::int[]", list(source.Integer), []any{}},
		{"'{1,NULL,3}'::int[]", list(source.Integer), []any{int64(1), nil, int64(3)}},
		{
			"'{{1,2,3},{4,5,6}}'::bigint[]", list(source.Integer),
			[]any{[]any{int64(1), int64(2), int64(3)}, []any{int64(4), int64(5), int64(6)}},
		},
		{`'{a,"b,\"",NULL,"NULL",""}'::text[]`, list(source.Text), []any{"a", `b,"`, nil, "NULL", ""}},
		{"'{1.50,-2}'::numeric[]", list(source.Decimal), []any{source.Number("1.50"), source.Number("-2")}},
		{"'{2024-02-29}'::date[]", list(source.Date), []any{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}},
		{"'glad'::mood", of(source.Text), "glad"},
		{"'{sad,glad}'::mood[]", of(source.Text), "{sad,glad}"},
		{"interval '1 day 02:00'", of(source.Text), "1 day 02:00:00"},
		{"time with time zone '12:00+02'", of(source.Text), "12:00:00+02"},
		{"inet '10.0.0.1'", of(source.Text), "10.0.0.1"},
		{"12.5::money", of(source.Text), "$12.50"},
		{"B'101'", of(source.Text), "101"},
		{"'[1,5)'::int4range", of(source.Text), "[1,5)"},
		{"point '(1,2)'", of(source.Text), "(1,2)"},
		{"'<a/>'::xml", of(source.Text), "<a/>"},
		{"row(1, 'x')::pair", of(source.Text), "(1,x)"},
	} {
		t.Run(test.expression, func(t *testing.T) {
			t.Parallel()

			rows, err := d.Query(t.Context(), "SELECT "+test.expression+" AS v", nil)
			require.NoError(t, err)
			require.Equal(t, test.standard, rows.Schema()[0].Standard)
			require.Equal(t, []source.Record{{test.want}}, sourcetest.ReadAll(t, rows))
		})
	}
}

func TestSchemaContainsNativeAndStandardTypes(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (a integer, b numeric(10,2), c varchar(20), d timestamp(3), e numeric, f integer[],
		g int GENERATED ALWAYS AS (a * 2) STORED); CREATE VIEW v AS SELECT a FROM t`)

	schema := func(name string) source.Schema {
		rows, err := d.ReadTable(t.Context(), source.Read{Table: table(name)})
		require.NoError(t, err)
		require.NoError(t, rows.Close())

		return rows.Schema()
	}

	native := func(name, typeStr string, precision, scale int) source.NativeType {
		return source.NativeType{Name: name, TypeStr: typeStr, Precision: precision, Scale: scale}
	}

	require.Equal(t, source.Schema{
		{Name: "a", Updateable: true, Native: native("integer", "integer", -1, 0), Standard: of(source.Integer)},
		{
			Name: "b", Updateable: true, Native: native("numeric", "numeric(10,2)", 10, 2),
			Standard: source.Standard{Type: source.Decimal, Precision: 10, Scale: 2},
		},
		{Name: "c", Updateable: true, Native: native("character varying", "character varying(20)", 20, 0), Standard: of(source.Text)},
		{
			Name: "d", Updateable: true,
			Native: native("timestamp without time zone", "timestamp(3) without time zone", 3, 0), Standard: of(source.Datetime),
		},
		{Name: "e", Updateable: true, Native: native("numeric", "numeric", -1, 0), Standard: of(source.Decimal)},
		{
			Name: "f", Updateable: true, Native: native("integer[]", "integer[]", -1, 0),
			Standard: source.Standard{Type: source.Array, Element: source.Integer},
		},
		{Name: "g", Native: native("integer", "integer", -1, 0), Standard: of(source.Integer)},
	}, schema("t"))

	require.False(t, schema("v")[0].Updateable, "a column of a view")

	rows, err := d.Query(t.Context(), "SELECT a FROM t", nil)
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	require.False(t, rows.Schema()[0].Updateable, "a column of a query")
}

func TestRowsNextReportsSpecialValues(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for _, expression := range []string{
		"'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric", "date 'infinity'", "date '-infinity'",
		"timestamp 'infinity'", "timestamptz '-infinity'", "'{1,NaN}'::numeric[]",
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()

			rows, err := d.Query(t.Context(), "SELECT 1 AS id, NULL AS v UNION ALL SELECT 2, "+expression, nil)
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			problem := requireError(t, err, source.CodeRecordInvalid)
			require.False(t, problem.Retryable)
			require.Regexp(t, `record 2, column "v": -?(NaN|Infinity|infinity) is not a value of .*CAST`, err.Error())

			_, again := rows.Next(t.Context())
			require.Equal(t, err, again)
			require.NoError(t, rows.Close())
		})
	}
}

func TestReadTablePassesRejectsToCaller(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int, v numeric); INSERT INTO t VALUES (1, 1.5), (2, 'NaN'), (3, NULL), (4, 'Infinity')`)

	var rejects []source.Reject

	rows, err := d.ReadTable(t.Context(), source.Read{Table: table("t"), Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{int64(1), source.Number("1.5")}, {int64(3), nil}}, sourcetest.ReadAll(t, rows))
	require.Equal(t, []source.Reject{
		{Location: "record 2", Message: `column "v": NaN is not a value of the column's standard type`, Text: "NaN"},
		{Location: "record 4", Message: `column "v": Infinity is not a value of the column's standard type`, Text: "Infinity"},
	}, rejects)

	rows, err = d.ReadTable(t.Context(), source.Read{Table: table("t"), Reject: func(source.Reject) error {
		return fmt.Errorf("enough")
	}})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.EqualError(t, err, "enough")
}

func TestWriteTableCreatesColumnsOfEveryType(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	var columns source.Schema

	record, nulls := source.Record{}, source.Record{}

	for _, value := range []struct {
		of    source.Standard
		value any
	}{
		{of(source.Text), "every plane: \u0001 ä € 株 😀 \U000F0000 \U0010FFFF"},
		{of(source.Text), strings.Repeat("0123456789abcdef", 1<<16)},
		{of(source.Text), ""},
		{of(source.Integer), int64(math.MinInt64)},
		{of(source.Decimal), source.Number("-99999999999999999999999999999999999999.123456789")},
		{of(source.Decimal), source.Number("0.00000000000000000000000000000000000001")},
		{source.Standard{Type: source.Decimal, Precision: 38, Scale: 2}, source.Number("-123456789012345678901234567890123456.70")},
		{source.Standard{Type: source.Decimal, Precision: 2000, Scale: 2}, source.Number("1.50")},
		{of(source.Float), 5e-324},
		{of(source.Float), math.Inf(-1)},
		{of(source.Boolean), true},
		{of(source.Date), time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC)},
		{of(source.Date), time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)},
		{of(source.Time), 24 * time.Hour},
		{of(source.Datetime), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		{of(source.Datetime), time.Date(-43, 3, 15, 12, 0, 0, 1000, time.UTC)},
		{of(source.Timestamp), time.Date(1900, 1, 1, 0, 0, 0, 1000, time.UTC)},
		{of(source.Binary), []byte{0, 1, 255}},
		{of(source.JSON), json.RawMessage("{\"b\": 1.50,\n \"b\": \"\\u0000\"}")},
		{of(source.UUID), uuid.Max},
		{source.Standard{Type: source.Array, Element: source.Integer}, []any{[]any{int64(1), nil}, []any{int64(3), int64(4)}}},
		{source.Standard{Type: source.Array, Element: source.Text}, []any{"", nil, "NULL", `{"a\`, "\t\n"}},
		{source.Standard{Type: source.Array, Element: source.JSON}, []any{json.RawMessage(`{"a":[1]}`)}},
		{source.Standard{Type: source.Array, Element: source.Timestamp}, []any{time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{source.Standard{Type: source.Array, Element: source.Binary}, []any{[]byte{0}, nil, []byte{}}},
	} {
		columns = append(columns, sourcetest.Column(fmt.Sprintf("c%d", len(columns)), value.of))
		record, nulls = append(record, value.value), append(nulls, nil)
	}

	write := source.Write{Table: table("t"), Mode: source.Replace}
	require.Equal(t, []source.Record{record, nulls, record}, d.writeAndRead(t, write, columns, record, nulls, record))

	// A column without a binary form makes the driver use COPY's text form.
	d.run(t, "ALTER TABLE t ADD further interval")

	write.Mode = source.Refill
	columns = append(columns, column("further", source.Text))
	record, nulls = append(record, "1 day 02:00:00"), append(nulls, nil)

	for i, value := range record {
		if moment, isTime := value.(time.Time); isTime && moment.Year() < 0 {
			record[i] = nil // Such years have no text form.
		}
	}

	require.Equal(t, []source.Record{record, nulls, record}, d.writeAndRead(t, write, columns, record, nulls, record))
}

// writeAndRead writes records and returns the records of the table.
func (d *database) writeAndRead(t *testing.T, write source.Write, columns source.Schema, written ...source.Record) []source.Record {
	t.Helper()

	result, err := d.WriteTable(t.Context(), write, records(columns, written...))
	require.NoError(t, err)
	require.Equal(t, source.Written{Rows: int64(len(written))}, result)

	rows, err := d.ReadTable(t.Context(), source.Read{Table: write.Table})
	require.NoError(t, err)

	for i, column := range rows.Schema() {
		if columns[i].Precision <= 1000 {
			require.Equal(t, columns[i].Standard, column.Standard)
		}
	}

	return sourcetest.ReadAll(t, rows)
}

func TestTypesAndCreationsMatchTheServer(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for _, mapping := range postgres.Types() {
		native := strings.NewReplacer("(p,s)", "(10,2)").Replace(mapping.Native)
		if strings.HasPrefix(native, "a") { // "a domain" and "any other type".
			continue
		}

		rows, err := d.Query(t.Context(), "SELECT NULL::"+native, nil)
		require.NoError(t, err, native)
		require.Equal(t, mapping.Standard, strings.Replace(rows.Schema()[0].String(), "(10,2)", "(p,s)", 1), native)
		require.NoError(t, rows.Close())
	}

	for _, creation := range postgres.Creations() {
		if creation.Standard == "array" {
			continue
		}

		standard, err := source.ParseStandard(strings.Replace(creation.Standard, "(p,s)", "(10,2)", 1))
		require.NoError(t, err)

		_, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace},
			records(source.Schema{sourcetest.Column("v", standard)}))
		require.NoError(t, err)

		require.Equal(t, strings.Replace(creation.Native, "(p,s)", "(10,2)", 1),
			d.value(t, "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum = 1"))
	}
}
