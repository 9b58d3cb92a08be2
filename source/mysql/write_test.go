package mysql_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// withBothLoadMethods runs a test with LOAD DATA LOCAL, and on a server that does not allow it.
func withBothLoadMethods(t *testing.T, test func(t *testing.T, open func(t *testing.T) *database)) {
	t.Helper()

	t.Run("LOAD DATA", func(t *testing.T) {
		t.Parallel()
		test(t, open)
	})
	t.Run("INSERT", func(t *testing.T) {
		t.Parallel()

		server := testserver.NewMariaDB(t, testserver.MariaDBOptions{Settings: []string{"local-infile=OFF"}})
		test(t, func(t *testing.T) *database {
			t.Helper()

			return openAt(t, server.NewDatabase(t))
		})
	})
}

func utc(year int, month time.Month, day, hour, minute, second, nanosecond int) time.Time {
	return time.Date(year, month, day, hour, minute, second, nanosecond, time.UTC)
}

func TestWriteTableRejectsValuesThatColumnWouldChange(t *testing.T) {
	t.Parallel()

	text, integer, decimal, float := of(source.Text), of(source.Integer), of(source.Decimal), of(source.Float)

	cases := []struct {
		declared string
		of       source.Standard
		value    any
	}{
		{"VARCHAR(3)", text, "abcd"},
		{"VARCHAR(3)", text, "abc "},
		{"VARCHAR(3) CHARACTER SET latin1", text, "株"},
		{"VARCHAR(3) CHARACTER SET utf8mb3", text, "🦀"},
		{"CHAR(3)", text, "a "},
		{"TINYTEXT", text, strings.Repeat("ä", 128)},
		{"VARCHAR(3)", integer, int64(1000)},
		{"VARCHAR(9)", of(source.Binary), []byte("a")},
		{"ENUM('a','b')", text, "c"},
		{"ENUM('a','b')", text, "A"},
		{"ENUM('a','b')", text, "2"},
		{"ENUM('a','b')", text, ""},
		{"SET('a','b')", text, "b,a"},
		{"SET('a','b')", text, "c"},
		{"TINYINT", integer, int64(128)},
		{"TINYINT UNSIGNED", integer, int64(-1)},
		{"SMALLINT", integer, int64(-32769)},
		{"INT", integer, int64(math.MaxInt32) + 1},
		{"INT UNSIGNED", integer, int64(math.MaxUint32) + 1},
		{"INT", decimal, source.Number("1.5")},
		{"BIGINT", decimal, source.Number("9223372036854775808")},
		{"BIGINT UNSIGNED", decimal, source.Number("18446744073709551616")},
		{"INT", text, "1.0"},
		{"INT", text, ""},
		{"INT", text, "many"},
		{"INT", float, 1.0},
		{"YEAR", integer, int64(5)},
		{"YEAR", integer, int64(2156)},
		{"DECIMAL(5,2)", decimal, source.Number("1.239")},
		{"DECIMAL(5,2)", decimal, source.Number("1000.00")},
		{"DECIMAL(5,2)", integer, int64(1000)},
		{"DECIMAL(5,2)", float, 0.001},
		{"DECIMAL(5,2)", float, math.NaN()},
		{"DECIMAL(5,2) UNSIGNED", decimal, source.Number("-1")},
		{"DECIMAL(5,2)", text, "1.239"},
		{"FLOAT", float, 16777217.0},
		{"FLOAT", float, 1e300},
		{"DOUBLE", float, math.Inf(-1)},
		{"DOUBLE(5,2)", float, 1.239},
		{"DOUBLE", integer, int64(1)<<53 + 1},
		{"DOUBLE", integer, int64(math.MaxInt64)},
		{"DOUBLE", decimal, source.Number("0.12345678901234567890")},
		{"DOUBLE", text, "9007199254740993"},
		{"DATE", of(source.Datetime), utc(2024, 1, 1, 0, 0, 0, 0)},
		{"DATE", of(source.Date), utc(10000, 1, 1, 0, 0, 0, 0)},
		{"DATE", of(source.Date), utc(-1, 1, 1, 0, 0, 0, 0)},
		{"DATE", text, "2024-02-30"},
		{"DATETIME", of(source.Datetime), utc(2024, 1, 1, 0, 0, 0, 500_000_000)},
		{"DATETIME(6)", of(source.Datetime), utc(2024, 1, 1, 0, 0, 0, 1)},
		{"TIMESTAMP(6) NULL", of(source.Timestamp), utc(2040, 1, 1, 0, 0, 0, 0)},
		{"TIMESTAMP(6) NULL", of(source.Timestamp), utc(1900, 1, 1, 0, 0, 0, 0)},
		{"TIMESTAMP NULL", of(source.Date), utc(2024, 1, 1, 0, 0, 0, 0)},
		{"TIME", of(source.Time), 500 * time.Millisecond},
		{"TIME", of(source.Time), 25 * time.Hour},
		{"TIME", text, "25:00:00"},
		{"BINARY(4)", of(source.Binary), []byte("abc")},
		{"BINARY(4)", of(source.Binary), []byte("abcde")},
		{"VARBINARY(2)", of(source.Binary), []byte("abc")},
		{"BIT(4)", of(source.Binary), []byte{0x10}},
		{"BIT(4)", of(source.Binary), []byte{0, 1}},
		{"BIT(1)", integer, int64(1)},
		{"BLOB", text, "no base64"},
		{"JSON", text, "{"},
		{"JSON", text, ""},
		{"UUID", text, "f47ac10b"},
		{"UUID", of(source.Binary), []byte("a")},
		{"INET6", text, "one"},
		{"INT CHECK (v < 5)", integer, int64(5)},
		{"INT NOT NULL", integer, nil},
		{"TIMESTAMP NOT NULL", of(source.Timestamp), nil},
		{"INT UNIQUE", integer, int64(0)}, // The value exists.
		{"INT REFERENCES other (id)", integer, int64(3)},
		{"INT", integer, "3"}, // The rows return another type than their schema.
	}

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE other (id INT PRIMARY KEY)", "INSERT INTO other VALUES (0)")

		for i, test := range cases {
			t.Run(fmt.Sprintf("%s %v", test.declared, test.value), func(t *testing.T) {
				table := fmt.Sprintf("t%d", i)
				stage.prepare(t, "CREATE TABLE "+table+" (v "+test.declared+")")

				if test.declared == "INT UNIQUE" {
					stage.prepare(t, "INSERT INTO "+table+" VALUES (0)")
				}

				_, err := stage.WriteTable(t.Context(), to(table, source.Append), one(test.of, test.value))
				problem := requireProblem(t, err, source.CodeRecordInvalid, false)
				require.Equal(t, table, problem.Table)
				require.NotEmpty(t, problem.Hint)

				if test.declared != "INT UNIQUE" && !strings.Contains(test.declared, "CHECK") {
					require.Regexp(t, "column [\"'`]"+"|`v`", problem.Message)
				}

				want := "0"
				if test.declared == "INT UNIQUE" {
					want = "1"
				}

				require.Equal(t, want, stage.ask(t, "SELECT COUNT(*) FROM "+table))
			})
		}
	})
}

func TestWriteTableConvertsValuesWithoutLoss(t *testing.T) {
	t.Parallel()

	text, integer, decimal, float := of(source.Text), of(source.Integer), of(source.Decimal), of(source.Float)

	cases := []struct {
		declared string
		of       source.Standard
		value    any
		want     string
	}{
		{"VARCHAR(30)", integer, int64(-5), "-5"},
		{"VARCHAR(30)", of(source.Boolean), true, "true"},
		{"VARCHAR(30)", of(source.Timestamp), utc(2024, 2, 29, 1, 2, 3, 0), "2024-02-29T01:02:03Z"},
		{"VARCHAR(3)", text, "äöü", "äöü"},
		{"CHAR(3)", text, " a", " a"},
		{"ENUM('a','b')", text, "b", "b"},
		{"SET('a','b','c')", text, "a,c", "a,c"},
		{"SET('a','b','c')", text, "", ""},
		{"TINYINT", integer, int64(-128), "-128"},
		{"TINYINT(1)", integer, int64(5), "5"},
		{"TINYINT(1)", text, "true", "1"},
		{"TINYINT(1)", text, "7", "7"},
		{"INT", of(source.Boolean), true, "1"},
		{"INT", decimal, source.Number("-7.00"), "-7"},
		{"INT", text, "42", "42"},
		{"BIGINT UNSIGNED", decimal, source.Number("18446744073709551615"), "18446744073709551615"},
		{"YEAR", integer, int64(1901), "1901"},
		{"YEAR", integer, int64(0), "0"},
		{"DECIMAL(5,2)", decimal, source.Number("-999.9900"), "-999.99"},
		{"DECIMAL(5,2)", integer, int64(-5), "-5.00"},
		{"DECIMAL(5,2)", float, 0.25, "0.25"},
		{"DECIMAL(5,2)", text, "1.5", "1.50"},
		{"FLOAT", float, 0.1, "0.1"},
		{"DOUBLE", integer, int64(1) << 53, "9.007199254740992e+15"},
		{"DOUBLE", decimal, source.Number("0.10"), "0.1"},
		{"DATETIME", of(source.Date), utc(2024, 2, 29, 0, 0, 0, 0), "2024-02-29 00:00:00"},
		{"DATETIME", of(source.Timestamp), time.Date(2024, 3, 1, 0, 30, 0, 0, time.FixedZone("", 3600)), "2024-02-29 23:30:00"},
		{"TIMESTAMP(6) NULL", of(source.Timestamp), utc(2038, 1, 19, 3, 14, 7, 999_999_000), "2038-01-19 03:14:07.999999"},
		{"TIMESTAMP NULL", of(source.Datetime), utc(2024, 2, 29, 1, 2, 3, 0), "2024-02-29 01:02:03"},
		{"DATETIME(3)", text, "2024-02-29 01:02:03.5", "2024-02-29 01:02:03.500"},
		{"BIT(1)", of(source.Boolean), true, "\x01"},
		{"BIT(12)", of(source.Binary), []byte{0x0a, 0xaa}, "\x0a\xaa"},
		{"BINARY(2)", of(source.Binary), []byte{0xff, 0}, "\xff\x00"},
		{"JSON", of(source.JSON), json.RawMessage(`{"a": 1}`), `{"a": 1}`},
		{"JSON", text, "[1]", "[1]"},
		{"JSON", integer, int64(1), "1"},
		{"JSON", of(source.UUID), uuid.Nil, `"00000000-0000-0000-0000-000000000000"`},
		{"JSON", source.Standard{Type: source.Array, Element: source.Integer}, []any{int64(1), nil}, "[1,null]"},
		{"UUID", of(source.UUID), uuid.Max, "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{"UUID", text, "F47AC10B-58CC-0372-8567-0E02B2C3D479", "f47ac10b-58cc-0372-8567-0e02b2c3d479"},
		{"BLOB", text, "AAE=", "\x00\x01"},
		{"INT AUTO_INCREMENT PRIMARY KEY", integer, nil, "1"},
		{"INT AUTO_INCREMENT PRIMARY KEY", integer, int64(0), "0"},
		{"INET6", text, "::1", "::1"},
		{"TEXT", text, "a\tb\nc\\d\x00e\r\n\\N", "a\tb\nc\\d\x00e\r\n\\N"},
		{"TEXT", text, `\N`, `\N`},
		{"TEXT", text, "", ""},
	}

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)

		for i, test := range cases {
			t.Run(fmt.Sprintf("%s %v", test.declared, test.value), func(t *testing.T) {
				table := fmt.Sprintf("t%d", i)
				stage.prepare(t, "CREATE TABLE "+table+" (v "+test.declared+")")
				stage.write(t, to(table, source.Append), one(test.of, test.value))
				require.Equal(t, test.want, stage.ask(t, "SELECT v FROM "+table))
			})
		}
	})
}

// The server's message contains the number of the row in its statement; the error contains the number of the record.
func TestWriteTableErrorNamesRecord(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE t (id INT, v INET6)")

		rows := sourcetest.NewRows(source.Schema{sourcetest.Column("id", of(source.Integer)), sourcetest.Column("v", of(source.Text))})
		for i := range int64(5000) {
			rows.Records = append(rows.Records, source.Record{i, "::1"})
		}

		rows.Records[3210][1] = "none" // Only the server validates addresses.

		_, err := stage.WriteTable(t.Context(), to("t", source.Append), rows)
		require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "record 3211: ")

		rows = sourcetest.NewRows(rows.Columns, rows.Records...)
		rows.Records[2109][0] = int64(math.MaxInt64)

		_, err = stage.WriteTable(t.Context(), to("t", source.Append), &located{rows})
		require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message,
			`line 17, column "id": 9223372036854775807 is out of the range of INT(11)`)
		require.Equal(t, "0", stage.ask(t, "SELECT COUNT(*) FROM t"))
	})
}

// located are rows that implement source.Locator.
type located struct{ source.Rows }

func (*located) Location() string { return "line 17" }

func TestWriteTableWritesManyAndLargeRecords(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE t (id INT, v LONGTEXT)")

		rows := sourcetest.NewRows(source.Schema{sourcetest.Column("id", of(source.Integer)), sourcetest.Column("v", of(source.Text))})
		for i := range int64(2500) {
			rows.Records = append(rows.Records, source.Record{i, strings.Repeat("x", int(i))})
		}

		rows.Records = append(rows.Records, source.Record{int64(2500), strings.Repeat("\t", 5_000_000)}) // Larger than any buffer.

		require.EqualValues(t, 2501, stage.write(t, to("t", source.Append), rows).Rows)
		require.Equal(t, rows.Records, stage.table(t, "t"))
	})
}

func TestWriteTableRejectsRecordLargerThanPacket(t *testing.T) {
	t.Parallel()

	server := testserver.NewMariaDB(t, testserver.MariaDBOptions{
		Settings: []string{"local-infile=OFF", "max-allowed-packet=1M"},
	})
	stage := openAt(t, server.NewDatabase(t))

	_, err := stage.WriteTable(t.Context(), to("t", source.Replace), one(of(source.Text), strings.Repeat("x", 2<<20)))
	requireProblem(t, err, source.CodeRecordInvalid, false)
}

func TestWriteTableRequiresTransactionalEngine(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE m (k TEXT, v INT) ENGINE=MyISAM", "CREATE VIEW v AS SELECT * FROM m",
		"CREATE TABLE g (id INT, twice INT AS (id * 2))")

	for _, mode := range []source.Mode{source.Append, source.Insert, source.Refill, source.Upsert, source.Update, source.Delete} {
		_, err := stage.WriteTable(t.Context(), to("m", mode, "k"), sourcetest.NewRows(pairs, pair("a", 1)))
		require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Hint, "InnoDB")
	}

	for _, mode := range []source.Mode{source.Append, source.Replace} {
		_, err := stage.WriteTable(t.Context(), to("v", mode), numbers(1))
		require.Contains(t, requireProblem(t, err, source.CodeOperationUnsupported, false).Message, "the target is a view")
	}

	_, err := stage.WriteTable(t.Context(), to("g", source.Append),
		sourcetest.NewRows(source.Schema{sourcetest.Column("TWICE", of(source.Integer))}, source.Record{int64(2)}))
	require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "computes")

	stage.write(t, to("m", source.Replace), numbers(1)) // The new table's engine is InnoDB.
	stage.write(t, to("m", source.Append), numbers(2))
	require.Len(t, stage.table(t, "m"), 2)
}

// A trigger of the test makes the server discard the warning about the skipped record.
func TestWriteTableReportsSkippedRecords(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE t (v INT UNIQUE)", "INSERT INTO t VALUES (1)",
			"CREATE TRIGGER quiet BEFORE INSERT ON t FOR EACH ROW SET SESSION max_error_count = 0")

		_, err := stage.WriteTable(t.Context(), to("t", source.Append), sourcetest.NewRows(
			source.Schema{sourcetest.Column("v", of(source.Integer))}, source.Record{int64(1)}, source.Record{int64(2)}))
		require.Equal(t, "t", requireProblem(t, err, source.CodeRecordInvalid, false).Table)
		require.Equal(t, []source.Record{{int64(1)}}, stage.table(t, "t"))
	})
}

func TestWriteTableSetsDefaultsOfOtherColumns(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE t (v INT, n INT NOT NULL DEFAULT 7)", "CREATE TABLE u (v INT, n INT NOT NULL)")
		stage.write(t, to("t", source.Append), one(of(source.Integer), int64(1)))
		require.Equal(t, []source.Record{{int64(1), int64(7)}}, stage.table(t, "t"))

		_, err := stage.WriteTable(t.Context(), to("u", source.Append), one(of(source.Integer), int64(1)))
		require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "'n'")
	})
}

func TestWriteTableIsOneTransaction(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{source.Append, source.Insert, source.Refill, source.Replace, source.Upsert, source.Update, source.Delete} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.write(t, to("t", source.Replace), numbers(1, 2))
			stage.prepare(t, "ALTER TABLE t ADD v INT")

			columns := source.Schema{sourcetest.Column("id", of(source.Integer)), sourcetest.Column("v", of(source.Integer))}
			rows := &before{
				Rows: sourcetest.NewRows(columns, source.Record{int64(1), int64(5)}, source.Record{int64(3), int64(5)}),
				do: func(context.Context) {
					require.Equal(t, "22", stage.ask(t, "SELECT CONCAT(COUNT(*), SUM(v IS NULL)) FROM t"))
				},
			}
			stage.write(t, to("t", mode, "id"), rows)
			require.NotEqual(t, "22", stage.ask(t, "SELECT CONCAT(COUNT(*), SUM(v IS NULL)) FROM t"))
		})
	}
}

func TestWriteTableStopsWhenContextEnds(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{source.Append, source.Refill, source.Replace, source.Upsert, source.Update, source.Delete} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.write(t, to("t", source.Replace), numbers(1))

			ctx, cancel := context.WithCancel(t.Context())
			columns := source.Schema{sourcetest.Column("id", of(source.Integer)), sourcetest.Column("v", of(source.Text))}
			stage.prepare(t, "ALTER TABLE t ADD v TEXT")

			var read atomic.Int64

			rows := &before{Rows: &endless{columns: columns}, do: func(context.Context) {
				if read.Add(1) == 100_000 {
					cancel()
				}
			}}

			_, err := stage.WriteTable(ctx, to("t", mode, "id"), rows)
			require.ErrorIs(t, err, context.Canceled)
			requireEnded(t, stage, "LOAD DATA%")
			require.Equal(t, "1", stage.ask(t, "SELECT COUNT(*) FROM t"))
			requireNoStagingTables(t, stage)

			stage.write(t, to("t", source.Refill), numbers(2)) // Nothing is locked.
		})
	}
}

// endless returns records without end.
type endless struct {
	columns source.Schema
	count   int64
}

func (e *endless) Schema() source.Schema { return e.columns }

func (e *endless) Next(ctx context.Context) (source.Record, error) {
	e.count++

	return source.Record{e.count, strings.Repeat("x", 100)}[:len(e.columns)], ctx.Err()
}

func (e *endless) Close() error { return nil }

// requireNoStagingTables requires that no table of a replacement is left.
func requireNoStagingTables(t *testing.T, stage *database) {
	t.Helper()

	var left sql.NullString
	require.NoError(t, stage.other.QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(table_name) FROM information_schema.tables "+
		"WHERE table_schema = DATABASE() AND table_name LIKE 'jobwright%' AND table_name <> 'jobwright_ledger'").Scan(&left))
	require.False(t, left.Valid, left.String)
}

func TestWriteTableReturnsRetryableErrorWhenServerCrashes(t *testing.T) {
	t.Parallel()

	server := testserver.NewMariaDB(t, testserver.MariaDBOptions{})

	for _, mode := range []source.Mode{source.Append, source.Refill, source.Replace, source.Upsert, source.Update, source.Delete} {
		stage := openAt(t, server.NewDatabase(t))
		stage.write(t, to("t", source.Replace), numbers(1))
		stage.prepare(t, "ALTER TABLE t ADD v TEXT")

		var read atomic.Int64

		columns := source.Schema{sourcetest.Column("id", of(source.Integer)), sourcetest.Column("v", of(source.Text))}
		rows := &before{Rows: &endless{columns: columns}, do: func(context.Context) {
			if read.Add(1) == 100_000 {
				server.Kill(t)
			}
		}}

		_, err := stage.WriteTable(t.Context(), to("t", mode, "id"), rows)
		requireProblem(t, err, source.CodeUnavailable, true)

		_, err = stage.Check(t.Context())
		requireProblem(t, err, source.CodeUnavailable, true)

		server.Start(t)
		require.Equal(t, []source.Record{{int64(1), nil}}, stage.table(t, "t"), mode)

		if mode == source.Replace {
			require.Equal(t, "1", stage.ask(t, "SELECT COUNT(*) FROM information_schema.tables "+
				"WHERE table_schema = DATABASE() AND table_name LIKE 'jobwright%'"), "the crash leaves the new table")
		}

		stage.write(t, to("t", source.Replace), numbers(2)) // The next replacement drops the leftover table.
		requireNoStagingTables(t, stage)
	}
}

func TestWriteTableReturnsErrorOfRowsUnchanged(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		broken := errors.New("broken")
		rows := numbers(1)
		rows.Failure = broken

		for _, mode := range []source.Mode{source.Replace, source.Upsert} {
			_, err := stage.WriteTable(t.Context(), to("t", mode, "id"), rows)
			require.Equal(t, broken, err)
		}

		requireNoStagingTables(t, stage)
	})
}
