package mysql_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestReadTableReturnsStandardTypes(t *testing.T) {
	t.Parallel()

	moment := time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)

	for _, test := range []struct {
		declared, literal string
		standard, native  string
		precision, scale  int
		want              any
	}{
		{"BOOLEAN", "TRUE", "boolean", "TINYINT(1)", -1, 0, true},
		{"TINYINT(1)", "0", "boolean", "TINYINT(1)", -1, 0, false},
		{"TINYINT", "-128", "integer", "TINYINT(4)", -1, 0, int64(-128)},
		{"TINYINT UNSIGNED", "255", "integer", "TINYINT(3) UNSIGNED", -1, 0, int64(255)},
		{"SMALLINT", "-32768", "integer", "SMALLINT(6)", -1, 0, int64(-32768)},
		{"MEDIUMINT UNSIGNED", "16777215", "integer", "MEDIUMINT(8) UNSIGNED", -1, 0, int64(16777215)},
		{"INT", "-2147483648", "integer", "INT(11)", -1, 0, int64(math.MinInt32)},
		{"INT UNSIGNED ZEROFILL", "7", "integer", "INT(10) UNSIGNED ZEROFILL", -1, 0, int64(7)},
		{"BIGINT", "-9223372036854775808", "integer", "BIGINT(20)", -1, 0, int64(math.MinInt64)},
		{"BIGINT UNSIGNED", "18446744073709551615", "decimal(20,0)", "BIGINT(20) UNSIGNED", -1, 0, source.Number("18446744073709551615")},
		{"BIGINT UNSIGNED", "0", "decimal(20,0)", "BIGINT(20) UNSIGNED", -1, 0, source.Number("0")},
		{"YEAR", "2155", "integer", "YEAR(4)", -1, 0, int64(2155)},
		{"DECIMAL(10,2)", "-0.50", "decimal(10,2)", "DECIMAL(10,2)", 10, 2, source.Number("-0.50")},
		{"DECIMAL(10,2) ZEROFILL", "1.5", "decimal(10,2)", "DECIMAL(10,2) UNSIGNED ZEROFILL", 10, 2, source.Number("1.50")},
		{"DECIMAL(65,38)", strings.Repeat("9", 27) + "." + strings.Repeat("9", 38), "decimal(65,38)", "DECIMAL(65,38)", 65, 38, source.Number(strings.Repeat("9", 27) + "." + strings.Repeat("9", 38))},
		{"FLOAT", "16777217", "float", "FLOAT", -1, 0, 16777216.0},
		{"FLOAT", "0.1", "float", "FLOAT", -1, 0, 0.1},
		{"DOUBLE", "-2.5e-300", "float", "DOUBLE", -1, 0, -2.5e-300},
		{"BIT(1)", "b'1'", "boolean", "BIT(1)", 1, 0, true},
		{"BIT(12)", "b'101010101010'", "binary", "BIT(12)", 12, 0, []byte{0x0a, 0xaa}},
		{"DATE", "'0001-01-01'", "date", "DATE", -1, 0, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"TIME(3)", "'23:59:59.5'", "time", "TIME(3)", 3, 0, 24*time.Hour - 500*time.Millisecond},
		{"TIME", "'24:00:00'", "time", "TIME", 0, 0, 24 * time.Hour},
		{"DATETIME(6)", "'2024-02-29 23:59:58.123456'", "datetime", "DATETIME(6)", 6, 0, moment},
		{"DATETIME", "'2024-02-29 23:59:58'", "datetime", "DATETIME", 0, 0, moment.Truncate(time.Second)},
		{"DATETIME(6) COMMENT 'UTC'", "'2024-02-29 23:59:58.123456'", "timestamp", "DATETIME(6)", 6, 0, moment},
		{"TIMESTAMP(6)", "FROM_UNIXTIME(1709251198.123456)", "timestamp", "TIMESTAMP(6)", 6, 0, moment},
		{"CHAR(5)", "'ä'", "text", "CHAR(5)", 5, 0, "ä"},
		{"VARCHAR(20) CHARACTER SET latin1", "'Nestlé'", "text", "VARCHAR(20)", 20, 0, "Nestlé"},
		{"VARCHAR(20) CHARACTER SET utf16", "'株式 🦀'", "text", "VARCHAR(20)", 20, 0, "株式 🦀"},
		{"TINYTEXT", "'a'", "text", "TINYTEXT", 255, 0, "a"},
		{"MEDIUMTEXT", "''", "text", "MEDIUMTEXT", 16777215, 0, ""},
		{"ENUM('a','B ''c''')", "'B ''c'''", "text", "ENUM('a','B ''c''')", 5, 0, "B 'c'"},
		{"SET('a','b')", "'b,a'", "text", "SET('a','b')", 3, 0, "a,b"},
		{"INET6", "'::1'", "text", "INET6", -1, 0, "::1"},
		{"JSON", `'{"b": 1.50, "a": []}'`, "json", "JSON", -1, 0, json.RawMessage(`{"b": 1.50, "a": []}`)},
		{"LONGTEXT", "'{}'", "text", "LONGTEXT", math.MaxUint32, 0, "{}"},
		{"UUID", "'f47ac10b-58cc-0372-8567-0e02b2c3d479'", "uuid", "UUID", -1, 0, uuid.MustParse("f47ac10b-58cc-0372-8567-0e02b2c3d479")},
		{"BINARY(4)", "'a'", "binary", "BINARY(4)", 4, 0, []byte{'a', 0, 0, 0}},
		{"VARBINARY(4)", "x'00ff'", "binary", "VARBINARY(4)", 4, 0, []byte{0, 0xff}},
		{"BLOB", "x''", "binary", "BLOB", 65535, 0, []byte{}},
		{"GEOMETRY", "ST_GeomFromText('POINT(1 2)')", "binary", "GEOMETRY", -1, 0, append([]byte{0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, 0, 0, 0, 0, 0, 0, 0, 0x40)},
	} {
		t.Run(test.declared+" "+test.literal, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.prepare(t, "SET NAMES utf8mb4", "SET time_zone = '+05:00'",
				"CREATE TABLE t (v "+test.declared+", n INT)", "INSERT INTO t VALUES ("+test.literal+", 1), (NULL, 2)")

			rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
			require.NoError(t, err)

			column := rows.Schema()[0]
			require.Equal(t, test.standard, column.String())
			require.True(t, column.Updateable)
			require.Equal(t, test.native, column.Native.TypeStr)
			require.Equal(t, test.precision, column.Native.Precision)
			require.Equal(t, test.scale, column.Native.Scale)

			records := sourcetest.ReadAll(t, rows)
			if test.declared != "TIMESTAMP(6)" { // Its column is NOT NULL by default, and its default is the current time.
				require.Nil(t, records[1][0])
			}

			require.Equal(t, test.want, records[0][0])

			// The read records can be written to a table with the same definition.
			stage.prepare(t, "CREATE TABLE u LIKE t")

			rows, err = stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
			require.NoError(t, err)
			stage.write(t, to("u", source.Append), rows)
			require.Equal(t, records, stage.table(t, "u"))
		})
	}
}

func TestQueryReturnsTypesOfTheServer(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (flag BOOLEAN, large BIGINT UNSIGNED, price DECIMAL(10,2), at DATETIME(3), f FLOAT, bits BIT(1))",
		"INSERT INTO t VALUES (TRUE, 18446744073709551615, 1.50, '2024-01-01 00:00:00.123', 0.1, b'1')")

	rows, err := stage.Query(t.Context(), "SELECT t.*, COUNT(*) AS n, NULL AS nothing, 'x' AS text, SUM(price) AS total FROM t", nil)
	require.NoError(t, err)

	var columns []string
	for _, column := range rows.Schema() {
		require.False(t, column.Updateable)

		columns = append(columns, column.Name+" "+column.Native.TypeStr+" "+column.String())
	}

	require.Equal(t, []string{
		"flag TINYINT integer", "large BIGINT UNSIGNED decimal(20,0)", "price DECIMAL(10,2) decimal(10,2)",
		"at DATETIME(3) datetime", "f FLOAT float", "bits BIT binary", "n BIGINT integer", "nothing NULL text",
		"text VARCHAR text", "total DECIMAL(32,2) decimal(32,2)",
	}, columns)
	require.Equal(t, []source.Record{{
		int64(1), source.Number("18446744073709551615"), source.Number("1.50"),
		time.Date(2024, 1, 1, 0, 0, 0, 123000000, time.UTC), 0.1,
		[]byte{1},
		int64(1), nil, "x", source.Number("1.50"),
	}}, sourcetest.ReadAll(t, rows))
}

func TestCreationsMatchCreatedColumns(t *testing.T) {
	t.Parallel()

	require.Len(t, mysql.Creations(), 14)

	for _, creation := range mysql.Creations() {
		t.Run(creation.Standard, func(t *testing.T) {
			t.Parallel()

			standard, native := creation.Standard, creation.Native
			if standard == "decimal(p,s)" {
				standard, native = "decimal(20,5)", "DECIMAL(20,5)"
			}

			if standard == "array" {
				standard = "integer[]"
			}

			stage := open(t)

			parsed, err := source.ParseStandard(standard)
			require.NoError(t, err)

			written := stage.write(t, to("t", source.Replace), one(parsed, nil))
			made := stage.ask(t, "SELECT CONCAT(column_type, IF(column_comment = '', '', CONCAT(' comment ''', column_comment, ''''))) "+
				"FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't'")

			if native == "JSON" {
				made = strings.ReplaceAll(made, "longtext", "json")
			}

			if native == "BIGINT" {
				made = strings.ReplaceAll(made, "bigint(20)", "bigint")
			}

			require.Equal(t, strings.ToLower(native), strings.ToLower(made))
			require.Equal(t, strings.HasPrefix(creation.Note, "a conversion"), len(written.Conversions) == 1)

			for _, conversion := range written.Conversions {
				require.Equal(t, source.Conversion{Column: "v", From: standard, To: native}, conversion)
			}
		})
	}
}

func TestReplaceStoresLargeDecimalsAsText(t *testing.T) {
	t.Parallel()

	for standard, native := range map[string]string{
		"decimal(65,38)": "decimal(65,38)", "decimal(66,2)": "longtext", "decimal(65,39)": "longtext",
	} {
		t.Run(standard, func(t *testing.T) {
			t.Parallel()

			stage := open(t)

			parsed, err := source.ParseStandard(standard)
			require.NoError(t, err)

			written := stage.write(t, to("t", source.Replace), one(parsed, source.Number("1.50")))
			require.Equal(t, native, stage.ask(t, "SELECT column_type FROM information_schema.columns "+
				"WHERE table_schema = DATABASE() AND table_name = 't'"))
			require.Equal(t, native == "longtext", len(written.Conversions) == 1)
		})
	}
}

func TestTypesHaveStandardTypes(t *testing.T) {
	t.Parallel()

	types := mysql.Types()
	require.NotEmpty(t, types)

	for _, mapping := range types {
		if mapping.Native != "DECIMAL(p,s)" {
			_, err := source.ParseStandard(mapping.Standard)
			require.NoError(t, err, mapping.Native)
		}
	}
}
