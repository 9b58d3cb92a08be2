package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

var people = source.Schema{column("id", source.Integer), column("name", source.Text)}

// definitions are tables whose key the server may or may not know from an index.
var definitions = map[string]string{
	"a primary key":         "CREATE TABLE t (id int PRIMARY KEY, name text, extra int DEFAULT 7)",
	"no index":              "CREATE TABLE t (id int, name text, extra int DEFAULT 7)",
	"a unique index":        "CREATE TABLE t (id int, name text, extra int DEFAULT 7); CREATE UNIQUE INDEX ON t (id) INCLUDE (name)",
	"a partial index":       "CREATE TABLE t (id int, name text, extra int DEFAULT 7); CREATE UNIQUE INDEX ON t (id) WHERE extra = 0",
	"an index of more":      "CREATE TABLE t (id int, name text, extra int DEFAULT 7); CREATE UNIQUE INDEX ON t (id, name)",
	"a deferred constraint": "CREATE TABLE t (id int UNIQUE DEFERRABLE, name text, extra int DEFAULT 7)",
	"partitions":            "CREATE TABLE t (id int, name text, extra int DEFAULT 7) PARTITION BY HASH (id); CREATE TABLE p PARTITION OF t FOR VALUES WITH (modulus 1, remainder 0)",
	"an identity":           "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY UNIQUE, name text, extra int DEFAULT 7)",
}

func TestUpsertWritesOneRecordForEachKeyWithAnyIndex(t *testing.T) {
	t.Parallel()

	for name, definition := range definitions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, definition+`; INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1, 'one', 1), (2, 'two', 2)`)

			for _, want := range []int64{2, 2} { // The second time changes nothing.
				written, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"id"}},
					records(people, source.Record{int64(2), "first"}, source.Record{int64(3), nil}, source.Record{int64(2), "last"}))
				require.NoError(t, err)
				require.Equal(t, want, written.Rows)
				require.Equal(t, "1 one 1, 2 last 2, 3 - 7",
					d.value(t, "SELECT string_agg(concat_ws(' ', id, coalesce(name, '-'), extra), ', ' ORDER BY id) FROM t"))
			}
		})
	}
}

func TestUpsertWithoutIndexReplacesAllRecordsWithTheKey(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (1, 'b'), (2, 'c')`)

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"id"}},
		records(people, source.Record{int64(1), "new"}))
	require.NoError(t, err)
	require.Equal(t, "1 new, 2 c", d.value(t, "SELECT string_agg(concat_ws(' ', id, name), ', ' ORDER BY id) FROM t"))
}

func TestUpsertCreatesTableWithUniqueIndex(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"name", "id"}},
		records(people, source.Record{int64(1), "x"}, source.Record{int64(1), "x"}))
	require.NoError(t, err)
	require.Equal(t, "1", d.value(t, "SELECT count(*) FROM t"))
	require.Equal(t, "CREATE UNIQUE INDEX t_name_id_idx ON public.t USING btree (name, id)",
		d.value(t, "SELECT indexdef FROM pg_indexes WHERE tablename = 't'"))

	// All columns belong to the key, so existing records are unchanged.
	_, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"name", "id"}},
		records(people, source.Record{int64(1), "x"}, source.Record{int64(2), "x"}))
	require.NoError(t, err)
	require.Equal(t, "2", d.value(t, "SELECT count(*) FROM t"))
}

func TestUpdateChangesOnlyWrittenColumns(t *testing.T) {
	t.Parallel()

	for name, definition := range definitions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)
			d.run(t, definition+`; INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1, 'one', 1), (2, 'two', 2)`)

			written, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Update, Key: []string{"id"}},
				records(people, source.Record{int64(2), "first"}, source.Record{int64(2), "last"}, source.Record{int64(3), "no"}))
			require.NoError(t, err)
			require.EqualValues(t, 1, written.Rows)
			require.Equal(t, "1 one 1, 2 last 2",
				d.value(t, "SELECT string_agg(concat_ws(' ', id, name, extra), ', ' ORDER BY id) FROM t"))
		})
	}
}

func TestDeleteComparesOnlyTheKey(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (1, 'b'), (2, 'c'), (3, 'd')`)

	written, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Delete, Key: []string{"id"}}, records(
		source.Schema{column("name", source.Text), column("id", source.Integer)},
		source.Record{"x", int64(1)}, source.Record{"y", int64(9)}, source.Record{"z", int64(1)}))
	require.NoError(t, err)
	require.EqualValues(t, 2, written.Rows)

	// Without a key, all columns are compared.
	written, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Delete},
		records(people, source.Record{int64(2), "c"}, source.Record{int64(3), "x"}))
	require.NoError(t, err)
	require.EqualValues(t, 1, written.Rows)
	require.Equal(t, "3 d", d.value(t, "SELECT string_agg(concat_ws(' ', id, name), ', ') FROM t"))
}

func TestKeyedWritesRefuseNullInKey(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (id int, name text)")

	for _, mode := range []source.Mode{source.Upsert, source.Update, source.Delete} {
		_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}},
			records(people, source.Record{int64(1), "x"}, source.Record{nil, "y"}))
		problem := requireError(t, err, source.CodeRecordInvalid)
		require.False(t, problem.Retryable)
		require.ErrorContains(t, err, `record 2, column "id": a column of the key is NULL`)
	}

	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
}

func TestUpsertWritesTypesWithoutBinaryForm(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id inet PRIMARY KEY, price numeric(5,2), lasts interval, jobwright_number int)`)

	columns := source.Schema{
		column("id", source.Text), column("price", source.Decimal), column("lasts", source.Text), column("jobwright_number", source.Integer),
	}
	write := source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"id"}}

	_, err := d.WriteTable(t.Context(), write, records(columns,
		source.Record{"10.0.0.1", source.Number("1.5"), "1 day", int64(5)}, source.Record{"10.0.0.1/32", source.Number("2"), nil, int64(6)}))
	require.NoError(t, err)
	require.Equal(t, "(10.0.0.1,2.00,,6)", d.value(t, "SELECT t FROM t"))

	_, err = d.WriteTable(t.Context(), write, records(columns, source.Record{"10.0.0.1", source.Number("1.505"), nil, nil}))
	requireError(t, err, source.CodeRecordInvalid)
}
