package postgres_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// store writes NULL and a value to a column of a native type, and returns the stored value as text.
func (d *database) store(t *testing.T, from source.Standard, native string, value any) (string, []source.Conversion, error) {
	t.Helper()

	conn := connect(t, d.url)
	name := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")

	_, err := conn.Exec(t.Context(), "CREATE TABLE "+name+" (v "+native+")")
	require.NoError(t, err)

	written, err := d.WriteTable(t.Context(), source.Write{Table: table(name), Mode: source.Insert},
		records(source.Schema{sourcetest.Column("v", from)}, source.Record{nil}, source.Record{value}))
	if err != nil {
		require.Equal(t, "0", queryText(t, conn, "SELECT count(*) FROM "+name), "a failed write has changed the table")

		return "", nil, err
	}

	require.EqualValues(t, 2, written.Rows)
	require.Equal(t, "1", queryText(t, conn, "SELECT count(*) FROM "+name+" WHERE v IS NULL"))

	return queryText(t, conn, "SELECT v FROM "+name+" WHERE v IS NOT NULL"), written.Conversions, nil
}

func TestWriteTableConvertsValuesWithoutLoss(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE <= 100)`)

	list := func(element source.Type) source.Standard {
		return source.Standard{Type: source.Array, Element: element}
	}

	for _, test := range []struct {
		from   source.Standard
		value  any
		native string
		want   string
	}{
		{of(source.Integer), int64(5), "smallint", "5"},
		{of(source.Integer), int64(math.MaxInt32), "integer", "2147483647"},
		{of(source.Integer), int64(5), "numeric(5,2)", "5.00"},
		{of(source.Integer), int64(5), "text", "5"},
		{of(source.Integer), int64(1) << 53, "double precision", "9.007199254740992e+15"},
		{of(source.Integer), int64(5), "jsonb", "5"},
		{of(source.Decimal), source.Number("1.50"), "numeric(3,1)", "1.5"},
		{of(source.Decimal), source.Number("12300"), "numeric(3,-2)", "12300"},
		{of(source.Decimal), source.Number("0.00123"), "numeric(3,5)", "0.00123"},
		{of(source.Decimal), source.Number("7.00"), "integer", "7"},
		{of(source.Decimal), source.Number("0.10"), "double precision", "0.1"},
		{of(source.Decimal), source.Number("99.90"), "percent", "99.90"},
		{of(source.Float), 0.1, "real", "0.1"},
		{of(source.Float), math.Inf(1), "real", "Infinity"},
		{of(source.Float), math.NaN(), "real", "NaN"},
		{of(source.Float), 0.1, "numeric", "0.1"},
		{of(source.Float), -3.0, "bigint", "-3"},
		{of(source.Date), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "timestamp", "2024-02-29 00:00:00"},
		{of(source.Datetime), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "date", "2024-02-29"},
		{of(source.Datetime), time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC), "timestamp(0)", "2024-02-29 01:02:03"},
		{of(source.Time), time.Hour, "text", "01:00:00"},
		{of(source.Boolean), true, "text", "true"},
		{of(source.Text), "42", "integer", "42"},
		{of(source.Text), "1.50", "numeric", "1.50"},
		{of(source.Text), "1e3", "double precision", "1000"},
		{of(source.Text), "true", "boolean", "true"},
		{of(source.Text), "2024-02-29", "date", "2024-02-29"},
		{of(source.Text), "AP8=", "bytea", `\x00ff`},
		{of(source.Text), `{"a": 1}`, "jsonb", `{"a": 1}`},
		{of(source.Text), "[1,null]", "int[]", "{1,NULL}"},
		{of(source.Text), "äöü", "varchar(3)", "äöü"},
		{of(source.Text), "ab", "char(3)", "ab"},
		{of(source.Text), "glad", "mood", "glad"},
		{of(source.Text), "1 day", "interval", "1 day"},
		{of(source.Text), "a\tb\\\n\r", "varchar(9)", "a\tb\\\n\r"},
		{of(source.Text), "10.0.0.1", "inet", "10.0.0.1/32"},
		{of(source.JSON), json.RawMessage(`[1]`), "text", "[1]"},
		{of(source.UUID), uuid.Max, "text", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{list(source.Integer), []any{int64(1), nil}, "numeric(5,1)[]", "{1.0,NULL}"},
		{list(source.Integer), []any{[]any{int64(1)}, []any{int64(2)}}, "text[]", "{{1},{2}}"},
		{list(source.Text), []any{"a"}, "json", `["a"]`},
		{list(source.Integer), []any{int64(1)}, "text", "[1]"},
	} {
		t.Run(test.from.String()+" to "+test.native, func(t *testing.T) {
			t.Parallel()

			stored, conversions, err := d.store(t, test.from, test.native, test.value)
			require.NoError(t, err)
			require.Equal(t, test.want, stored)

			for _, conversion := range conversions {
				require.Equal(t, "v", conversion.Column)
				require.Equal(t, test.from.String(), conversion.From)
			}
		})
	}
}

func TestWriteTableRefusesValuesThatColumnCannotStore(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE <= 100)`)

	list := func(element source.Type) source.Standard {
		return source.Standard{Type: source.Array, Element: element}
	}

	for _, test := range []struct {
		from    source.Standard
		value   any
		native  string
		message string
	}{
		{of(source.Integer), int64(40000), "smallint", `value "40000": the number is not between -32768 and 32767`},
		{of(source.Integer), int64(1) << 31, "integer", "the number is not between -2147483648 and 2147483647"},
		{of(source.Integer), int64(-1), "oid", "the number is not between 0 and 4294967295"},
		{of(source.Integer), int64(1)<<53 + 1, "double precision", "a float can't represent all digits"},
		{of(source.Integer), int64(math.MaxInt64), "double precision", "a float can't represent all digits"},
		{of(source.Integer), int64(1000), "numeric(5,2)", "numeric(5,2) can't store all digits"},
		{of(source.Decimal), source.Number("1.505"), "numeric(5,2)", `value "1.505": numeric(5,2) can't store all digits`},
		{of(source.Decimal), source.Number("12345"), "numeric(3,-2)", "can't store all digits"},
		{of(source.Decimal), source.Number("0.0123"), "numeric(3,5)", "can't store all digits"},
		{of(source.Decimal), source.Number("1.123"), "percent", "can't store all digits"},
		{of(source.Decimal), source.Number("101"), "percent", `record 2, column "v": value for domain percent violates`},
		{of(source.Decimal), source.Number("7.01"), "integer", "the number is not an integer"},
		{of(source.Decimal), source.Number("9223372036854775808"), "bigint", "the number is not an integer"},
		{of(source.Decimal), source.Number("0.1000000000000000000001"), "double precision", "a float can't represent all digits"},
		{of(source.Decimal), source.Number("0." + strings.Repeat("1", 16384)), "numeric", "16383 after it"},
		{of(source.Float), 0.1000000001, "real", "real can't store all digits"},
		{of(source.Float), 1e39, "real", "real can't store all digits"},
		{of(source.Float), math.NaN(), "numeric", "a decimal can't be infinite or NaN"},
		{of(source.Float), 1.5, "integer", "the number is not an integer"},
		{of(source.Float), 9223372036854775808.0, "bigint", "the number is not an integer"},
		{of(source.Text), "a\x00b", "text", "U+0000"},
		{of(source.Text), "a\x00b", "varchar(5)", "U+0000"},
		{of(source.Text), "a\x00b", "interval", "U+0000"},
		{list(source.Text), []any{"a\x00b"}, "text[]", "U+0000"},
		{of(source.Text), "a\xffb", "text", `record 2, column "v": invalid byte sequence`},
		{of(source.Text), "abc ", "varchar(3)", "the text has more than 3 characters"},
		{of(source.Text), "abc ", "char(3)", "the text has more than 3 characters"},
		{list(source.Text), []any{"abcd"}, "varchar(3)[]", "the text has more than 3 characters"},
		{of(source.Text), "", "integer", "empty text is not a value of type integer"},
		{of(source.Text), "9007199254740993", "double precision", "the text is not a number that a float represents exactly"},
		{of(source.Text), "x", "integer", `value "x": the text is not a value of type integer`},
		{of(source.Text), "{", "jsonb", "the text is not a value of type json"},
		{of(source.Text), "merry", "mood", `invalid input value for enum mood: "merry"`},
		{of(source.Text), "a while", "interval", `record 2, column "v": invalid input syntax for type interval: "a while"`},
		{of(source.Time), time.Nanosecond, "time", "more than 6 fractional digits of a second"},
		{of(source.Datetime), time.Date(2024, 1, 1, 0, 0, 0, 1, time.UTC), "timestamp", "more than 6 fractional digits of a second"},
		{of(source.Datetime), time.Date(2024, 1, 1, 0, 0, 0, 1000, time.UTC), "timestamp(3)", "more than 3 fractional digits of a second"},
		{of(source.Datetime), time.Date(2024, 1, 1, 0, 0, 1, 0, time.UTC), "date", "the datetime has a time of day"},
		{of(source.Timestamp), time.Date(2024, 1, 1, 0, 0, 0, 999, time.UTC), "timestamptz", "more than 6 fractional digits of a second"},
		{of(source.Timestamp), time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC), "timestamptz", "out of PostgreSQL's range"},
		{of(source.Timestamp), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), "timestamptz", "timestamp out of range"},
		{of(source.Date), time.Date(5_874_898, 1, 1, 0, 0, 0, 0, time.UTC), "date", `record 2, column "v": date out of range`},
		{of(source.Date), time.Date(20_000_000_000, 1, 1, 0, 0, 0, 0, time.UTC), "date", "out of PostgreSQL's range"},
		{list(source.Integer), []any{[]any{int64(1)}, []any{int64(1), int64(2)}}, "int[]", "must have the same length"},
		{list(source.Integer), []any{[]any{int64(1)}, nil}, "int[]", "must have the same length"},
		{list(source.Integer), []any{[]any{}}, "int[]", "must have the same length"},
		{list(source.Integer), []any{int64(1), []any{int64(1)}}, "int[]", "must have the same length"},
		{list(source.Integer), []any{int64(1) << 40}, "int[]", "the number is not between"},
		{of(source.Timestamp), time.Unix(0, 0), "timestamp", "values of type timestamp can't be converted to datetime"},
		{of(source.Datetime), time.Unix(0, 0), "timestamptz", "values of type datetime can't be converted to timestamp"},
		{of(source.Boolean), true, "integer", "values of type boolean can't be converted to integer"},
		{of(source.Integer), "not what its type says", "bigint", "a string is not a value of the column's type"},
	} {
		t.Run(test.from.String()+" to "+test.native+" "+test.message, func(t *testing.T) {
			t.Parallel()

			_, _, err := d.store(t, test.from, test.native, test.value)
			problem := requireError(t, err, source.CodeRecordInvalid)
			require.False(t, problem.Retryable)
			require.Equal(t, "stage", problem.Source)
			require.ErrorContains(t, err, test.message)

			if !strings.Contains(test.message, "can't be converted to") {
				require.Contains(t, problem.Message, `record 2, column "v"`)
			} else {
				require.Contains(t, problem.Message, `column "v"`)
			}
		})
	}
}

func TestWriteTableReturnsConversions(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (a text, b integer, c numeric(10,2), d text[])")

	written, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Append}, records(source.Schema{
		column("a", source.Integer), column("b", source.Integer), column("c", source.Decimal),
		sourcetest.Column("d", source.Standard{Type: source.Array, Element: source.Integer}),
	}, source.Record{int64(1), int64(2), source.Number("3"), []any{int64(4)}}))
	require.NoError(t, err)
	require.Equal(t, []source.Conversion{
		{Column: "a", From: "integer", To: "text"}, {Column: "d", From: "integer[]", To: "text[]"},
	}, written.Conversions)
}

func TestWriteTableNamesLocationOfInvalidValue(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace},
		locatedRows{records(source.Schema{column("v", source.Text)}, source.Record{"\x00"})})
	requireError(t, err, source.CodeRecordInvalid)
	require.ErrorContains(t, err, `source "stage", table "t": line 17, column "v", value "\x00": `)
}

// locatedRows are rows with a location.
type locatedRows struct{ *sourcetest.Rows }

func (locatedRows) Location() string { return "line 17" }

func TestWriteTableRefusesInvalidWrite(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) STORED); CREATE VIEW v AS SELECT 1 AS a`)

	long := strings.Repeat("ä", 32)
	a := source.Schema{column("a", source.Integer)}

	for _, test := range []struct {
		write   source.Write
		columns source.Schema
		code    source.Code
		message string
	}{
		{source.Write{Table: table(long), Mode: source.Replace}, a, source.CodeRecordInvalid, "1 to 63 bytes"},
		{source.Write{Table: table("t"), Mode: source.Append}, append(a, column(long, source.Text)), source.CodeRecordInvalid, "1 to 63 bytes"},
		{source.Write{Table: table("t"), Mode: source.Append}, append(a, a...), source.CodeRecordInvalid, `two columns are named "a"`},
		{source.Write{Table: table("t"), Mode: source.Append}, source.Schema{column("b", source.Integer)}, source.CodeRecordInvalid, `computes the column "b"`},
		{source.Write{Table: table("t"), Mode: source.Append}, source.Schema{column("A", source.Integer)}, source.CodeRecordInvalid, "its columns are a, b"},
		{source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"x"}}, a, source.CodeRecordInvalid, `the column "x" of the key is not written`},
		{source.Write{Table: table("t"), Mode: source.Upsert}, a, source.CodeRecordInvalid, "requires a key"},
		{source.Write{Table: table("t"), Mode: source.Update, Key: []string{"a"}}, a, source.CodeRecordInvalid, "there is nothing to update"},
		{source.Write{Table: table("v"), Mode: source.Append}, a, source.CodeOperationUnsupported, "the target is a view"},
		{source.Write{Table: table("v"), Mode: source.Replace}, a, source.CodeOperationUnsupported, "the target is a view"},
		{source.Write{Table: table("no"), Mode: source.Update, Key: []string{"a"}}, append(a, column("b", source.Text)), source.CodeTableNotFound, "the table does not exist"},
		{source.Write{Table: source.Table{Space: "no", Name: "t"}, Mode: source.Replace}, a, source.CodeTableNotFound, `schema "no" does not exist`},
		{source.Write{Table: table("t"), Mode: "overwrite"}, a, source.CodeOperationUnsupported, `the write mode "overwrite" does not exist`},
	} {
		t.Run(test.message, func(t *testing.T) {
			t.Parallel()

			_, err := d.WriteTable(t.Context(), test.write, records(test.columns))
			problem := requireError(t, err, test.code)
			require.False(t, problem.Retryable)
			require.ErrorContains(t, err, test.message)
		})
	}
}

func TestWriteTableQuotesNames(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE SCHEMA "a "".b"`)

	named := source.Table{Space: `a ".b`, Name: `x"; DROP TABLE y --`}
	columns := source.Schema{column(`c "d`, source.Integer), column("select", source.Text), column(strings.Repeat("ä", 31), source.Text)}

	for _, mode := range []source.Mode{source.Replace, source.Refill, source.Append, source.Upsert, source.Update, source.Delete} {
		_, err := d.WriteTable(t.Context(), source.Write{Table: named, Mode: mode, Key: []string{`c "d`}},
			records(columns, source.Record{int64(1), "x", nil}))
		require.NoError(t, err, mode)
	}

	require.NoError(t, d.DropTable(t.Context(), named))
	require.Equal(t, "0", d.value(t, `SELECT count(*) FROM pg_class WHERE relnamespace = '"a "".b"'::regnamespace`))
}

func TestRefillPreservesDefinition(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id smallint PRIMARY KEY, at date DEFAULT '2024-02-29', n int GENERATED ALWAYS AS IDENTITY);
		INSERT INTO t SELECT generate_series(1, 100); CREATE VIEW v AS SELECT count(*), max(at) FROM t`)

	// A transaction with an older snapshot still reads the old records.
	before := connect(t, d.url)
	_, err := before.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class")
	require.NoError(t, err)

	written, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Refill},
		records(source.Schema{column("id", source.Integer)}, source.Record{int64(1)}, source.Record{int64(2)}))
	require.NoError(t, err)
	require.EqualValues(t, 2, written.Rows)
	require.Equal(t, "(2,2024-02-29)", d.value(t, "SELECT v FROM v"))
	require.Equal(t, "100", queryText(t, before, "SELECT count(*) FROM t"))

	_, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Refill},
		records(source.Schema{column("id", source.Integer)}, source.Record{int64(7)}, source.Record{int64(7)}))
	problem := requireError(t, err, source.CodeRecordInvalid)
	require.False(t, problem.Retryable)
	require.ErrorContains(t, err, "record 2: duplicate key value violates unique constraint")
	require.Equal(t, "(2,2024-02-29)", d.value(t, "SELECT v FROM v"), "nothing has changed")
}

func TestConcurrentRefillsLeaveRecordsOfOne(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id int); INSERT INTO t VALUES (0)")

	begun, proceed := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	columns := source.Schema{column("id", source.Integer)}

	refill := func(rows source.Rows) {
		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Refill}, rows)
		done <- err
	}

	go refill(&blockedRows{Rows: records(columns, source.Record{int64(1)}), begun: begun, proceed: proceed})
	<-begun

	go refill(records(columns, source.Record{int64(2)}))
	d.eventually(t, "1", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
	close(proceed)

	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Equal(t, "{2}", d.value(t, "SELECT array_agg(id) FROM t"))
}

// blockedRows are rows that close begun when the first record is read, and return it when proceed is closed.
type blockedRows struct {
	source.Rows

	begun, proceed chan struct{}
	isBlocked      bool
}

func (w *blockedRows) Next(ctx context.Context) (source.Record, error) {
	if !w.isBlocked {
		w.isBlocked = true

		close(w.begun)

		select {
		case <-w.proceed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}

	return w.Rows.Next(ctx)
}

func TestConcurrentWritesCreateTableOnce(t *testing.T) {
	t.Parallel()

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Refill, source.Upsert} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			columns := source.Schema{column("id", source.Integer)}
			done := make(chan error)

			for id := range int64(4) {
				go func() {
					_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}},
						records(columns, source.Record{id}))
					done <- err
				}()
			}

			for range 4 {
				require.NoError(t, <-done)
			}

			want := map[source.Mode]string{source.Replace: "1", source.Append: "4", source.Refill: "1", source.Upsert: "4"}
			require.Equal(t, want[mode], d.value(t, "SELECT count(*) FROM t"))
		})
	}
}

// endlessRows are rows without an end that call each before every record.
type endlessRows struct {
	source.Rows

	count int64
	each  func(count int64)
}

func (c *endlessRows) Next(ctx context.Context) (source.Record, error) {
	c.count++
	c.each(c.count)

	return source.Record{c.count}, ctx.Err()
}

func TestWriteTableStopsWhenContextEnds(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Upsert} {
		ctx, cancel := context.WithCancel(t.Context())

		rows := &endlessRows{Rows: records(source.Schema{column("id", source.Integer)}), each: func(count int64) {
			if count == 100_000 {
				cancel()
			}
		}}

		_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}}, rows)
		require.Equal(t, context.Canceled, err)
		d.eventually(t, "0", busy)
		require.Equal(t, "0", d.value(t, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"))
	}
}

// The write must not wait for the next record when the server has ended the COPY.
func TestWriteTableStopsWhenServerTerminatesSession(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	begun := make(chan struct{})
	rows := &blockedRows{Rows: records(source.Schema{column("id", source.Integer)}), begun: begun, proceed: make(chan struct{})}
	done := make(chan error)

	go func() {
		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Append}, rows)
		done <- err
	}()

	<-begun
	require.Equal(t, "true", d.value(t, strings.Replace(busy, "count(*)", "bool_and(pg_terminate_backend(pid))", 1)))

	select {
	case err := <-done:
		problem := requireError(t, err, source.CodeUnavailable)
		require.True(t, problem.Retryable)
	case <-time.After(30 * time.Second):
		t.Fatal("the write did not end")
	}
}

func TestWriteTableStopsWhenServerRejectsRecord(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id int PRIMARY KEY)")

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	_, err := d.WriteTable(ctx, source.Write{Table: table("t"), Mode: source.Append},
		&stallingRows{Rows: records(source.Schema{column("id", source.Integer)}), left: 100_000})
	requireError(t, err, source.CodeRecordInvalid)
	require.ErrorContains(t, err, "record 2: duplicate key")
}

// stallingRows return equal records and then block until the context ends.
type stallingRows struct {
	source.Rows

	left int
}

func (s *stallingRows) Next(ctx context.Context) (source.Record, error) {
	if s.left == 0 {
		<-ctx.Done()

		return nil, ctx.Err()
	}

	s.left--

	return source.Record{int64(1)}, nil
}

func TestWriteTableReturnsErrorOfRows(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	own := &source.Error{Code: source.CodeUnavailable, Source: "elsewhere", Message: "it is gone", Retryable: true}

	for _, failure := range []error{own, io.ErrUnexpectedEOF} {
		rows := records(source.Schema{column("id", source.Integer)})
		rows.Failure = failure

		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Append}, rows)
		require.Equal(t, failure, err)
	}
}

func TestDropTableRefusesTableWithDependentObjects(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t")

	problem := requireError(t, d.DropTable(t.Context(), table("t")), source.CodeQueryInvalid)
	require.False(t, problem.Retryable)
	require.Contains(t, problem.Message, "view v depends on table t")

	require.NoError(t, d.DropTable(t.Context(), source.Table{Space: "nowhere", Name: "t"}))

	d.run(t, "DROP VIEW v")
	require.NoError(t, d.DropTable(t.Context(), table("t")))
	require.Equal(t, "NULL", d.value(t, "SELECT to_regclass('t')"))
}
