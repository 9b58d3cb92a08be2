package mysql_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

var pairs = source.Schema{
	sourcetest.Column("k", source.Standard{Type: source.Text}), sourcetest.Column("v", source.Standard{Type: source.Integer}),
}

func pair(k any, v int64) source.Record { return source.Record{k, v} }

// sorted returns k and v of a table's records, by k.
func sorted(t *testing.T, stage *database, table string) string {
	t.Helper()

	return stage.ask(t, "SELECT COALESCE(GROUP_CONCAT(CONCAT(k, '=', COALESCE(v, 'NULL')) ORDER BY BINARY k, v SEPARATOR ', '), '') FROM "+table)
}

func TestUpsertUpdatesRecordsByKeyWithAnyIndex(t *testing.T) {
	t.Parallel()

	for name, index := range map[string]string{
		"unique key": "UNIQUE (k)", "primary key": "PRIMARY KEY (k)", "no index": "INDEX (v)",
		"unique prefix": "UNIQUE (k(5))", "two unique keys": "UNIQUE (k), UNIQUE (other)",
		"unique with another column": "UNIQUE (k, v)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.prepare(t, "CREATE TABLE t (k VARCHAR(50) COLLATE utf8mb4_bin, v INT, other INT, "+index+")",
				"INSERT INTO t VALUES ('a', 1, 10), ('b', 2, 20)")

			written := stage.write(t, to("t", source.Upsert, "k"),
				sourcetest.NewRows(pairs, pair("b", 5), pair("c", 6), pair("b", 7), pair("B", 8)))
			require.EqualValues(t, 3, written.Rows, "records with different keys")
			require.Equal(t, "B=8, a=1, b=7, c=6", sorted(t, stage, "t"))
			require.Equal(t, "20", stage.ask(t, "SELECT other FROM t WHERE k = 'b'"), "columns that are not written keep their values")
		})
	}
}

// ON DUPLICATE KEY UPDATE would change the record with the other unique key.
func TestUpsertDoesNotUpdateRecordWithOtherUniqueKey(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (k VARCHAR(50) PRIMARY KEY, v INT UNIQUE)", "INSERT INTO t VALUES ('a', 1)")

	_, err := stage.WriteTable(t.Context(), to("t", source.Upsert, "k"), sourcetest.NewRows(pairs, pair("b", 1)))
	requireProblem(t, err, source.CodeRecordInvalid, false)
	require.Equal(t, "a=1", sorted(t, stage, "t"))
}

func TestUpsertComparesKeysByCollationOfTheTable(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (k VARCHAR(50) COLLATE utf8mb4_general_ci, v INT)", "INSERT INTO t VALUES ('a', 1)")
	stage.write(t, to("t", source.Upsert, "k"), sourcetest.NewRows(pairs, pair("A", 2)))
	require.Equal(t, "A=2", strings.ToUpper(sorted(t, stage, "t")))

	// In a table that the driver creates, only identical texts are equal.
	written := stage.write(t, to("u", source.Upsert, "k"), sourcetest.NewRows(pairs,
		pair("a", 1), pair("A", 2), pair("a ", 3), pair("á", 4), pair("a", 5)))
	require.EqualValues(t, 4, written.Rows)
	require.Equal(t, "A=2, a=5, a =3, á=4", sorted(t, stage, "u"))

	written = stage.write(t, to("u", source.Upsert, "k"), sourcetest.NewRows(pairs, pair("a ", 6), pair("b", 7)))
	require.EqualValues(t, 2, written.Rows)
	require.Equal(t, "A=2, a=5, a =6, b=7, á=4", sorted(t, stage, "u"))
}

func TestKeyedWritesAcceptKeyOfManyTypes(t *testing.T) {
	t.Parallel()

	var (
		columns source.Schema
		record  source.Record
		key     []string
	)

	for _, sample := range sourcetest.Samples() {
		if sample.Type.Element == source.Integer {
			break // The columns of all list types exceed the size of an index.
		}

		for _, value := range sample.Values {
			if value != nil {
				key = append(key, strings.NewReplacer("(", "_", ",", "_", ")", "", "[]", "s").Replace(sample.Name()))
				columns = append(columns, sourcetest.Column(key[len(key)-1], sample.Type))
				record = append(record, value)

				break
			}
		}
	}

	columns = append(columns, sourcetest.Column("v", of(source.Integer)))
	stage := open(t)

	for i := range int64(3) {
		changed := append(append(source.Record(nil), record...), i)
		require.EqualValues(t, 1, stage.write(t, to("t", source.Upsert, key...), sourcetest.NewRows(columns, changed)).Rows)
		require.Equal(t, []source.Record{{i}}, stage.result(t, "SELECT v FROM t", nil))
	}

	require.EqualValues(t, 1, stage.write(t, to("t", source.Update, key...), sourcetest.NewRows(columns, append(record, int64(9)))).Rows)
	require.EqualValues(t, 1, stage.write(t, to("t", source.Delete), sourcetest.NewRows(columns, append(record, int64(9)))).Rows)
}

// An index contains only a prefix of a long text.
func TestUpsertComparesWholeLongTexts(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 2000)
	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (k LONGTEXT, v INT)")

	for range 2 {
		stage.write(t, to("t", source.Upsert, "k"), sourcetest.NewRows(pairs, pair(long+"a", 1), pair(long+"b", 2), pair(long+"a", 3)))
	}

	require.Equal(t, long+"a=3, "+long+"b=2", sorted(t, stage, "t"))

	_, err := stage.WriteTable(t.Context(), to("u", source.Upsert, "k"), sourcetest.NewRows(pairs, pair(long, 1)))
	require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, "2000 characters")
}

func TestUpsertRejectsNULLInKey(t *testing.T) {
	t.Parallel()

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		stage := open(t)
		stage.prepare(t, "CREATE TABLE t (k VARCHAR(50), v INT)")

		for _, table := range []string{"t", "fresh"} {
			_, err := stage.WriteTable(t.Context(), to(table, source.Upsert, "k"), sourcetest.NewRows(pairs, pair(nil, 1)))
			require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, `record 1, column "k"`)
		}
	})
}

func TestUpdateWritesLastRecordOfEachKey(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (k VARCHAR(50), v INT, other INT)", "INSERT INTO t VALUES ('a', 1, 10), ('a', 2, 20), ('b', 3, 30)")

	written := stage.write(t, to("t", source.Update, "k"), sourcetest.NewRows(pairs, pair("a", 5), pair("a", 6), pair("z", 7)))
	require.EqualValues(t, 2, written.Rows)
	require.Equal(t, strings.Repeat("a=6, ", 2)+"b=3", sorted(t, stage, "t"))
	require.Equal(t, "60", stage.ask(t, "SELECT SUM(other) FROM t"))

	require.EqualValues(t, 2, stage.write(t, to("t", source.Update, "k"), sourcetest.NewRows(pairs, pair("a", 6))).Rows,
		"records that have the written values already count too")
}

func TestDeleteRemovesAllRecordsOfKey(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (k VARCHAR(50), v INT)", "INSERT INTO t VALUES ('a', 1), ('a', 2), ('b', 3)")

	written := stage.write(t, to("t", source.Delete, "k"), sourcetest.NewRows(pairs[:1], source.Record{"a"}, source.Record{"a"}))
	require.EqualValues(t, 2, written.Rows)
	require.Equal(t, "b=3", sorted(t, stage, "t"))
}

func TestKeyedWritesRejectInvalidKeys(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Replace), sourcetest.NewRows(pairs, pair("a", 1)))

	for _, write := range []source.Write{
		to("t", source.Upsert), to("t", source.Update), to("t", source.Upsert, "id"), to("t", source.Delete, "k", "id"),
		to("t", source.Update, "k", "v"),
	} {
		_, err := stage.WriteTable(t.Context(), write, sourcetest.NewRows(pairs, pair("a", 2)))
		requireProblem(t, err, source.CodeRecordInvalid, false)
	}

	require.Equal(t, "a=1", sorted(t, stage, "t"))
}

func TestUpsertCreatesTableAndOtherKeyedWritesDoNot(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Upsert, "k"), sourcetest.NewRows(pairs, pair("a", 1)))
	require.Equal(t, "PRIMARY", stage.ask(t, "SELECT index_name FROM information_schema.statistics "+
		"WHERE table_schema = DATABASE() AND table_name = 't'"))

	for _, mode := range []source.Mode{source.Update, source.Delete, source.Insert} {
		_, err := stage.WriteTable(t.Context(), to("u", mode, "k"), sourcetest.NewRows(pairs, pair("a", 1)))
		requireProblem(t, err, source.CodeTableNotFound, false)
	}
}

func TestUpsertRemovesTemporaryTables(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Replace), sourcetest.NewRows(pairs, pair("a", 1)))

	for range 3 { // All on the same connection.
		stage.write(t, to("t", source.Upsert, "k"), sourcetest.NewRows(pairs, pair("a", 2)))
	}

	requireNoStagingTables(t, stage)
}
