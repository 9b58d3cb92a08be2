package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func (d *database) replace(t *testing.T, records source.Rows) {
	t.Helper()

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, records)
	require.NoError(t, err)
}

func TestReplaceCopiesOwnerAndPermissions(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	owner, other := role(t)+"_o", role(t)+`_"x"`
	d.run(t, `CREATE ROLE `+owner+`; CREATE ROLE "`+role(t)+`_""x"""; CREATE TABLE t (a int); ALTER TABLE t OWNER TO `+owner+`;
		GRANT SELECT ON t TO PUBLIC; GRANT SELECT, INSERT ON t TO "`+role(t)+`_""x""" WITH GRANT OPTION; REVOKE TRUNCATE ON t FROM `+owner)

	d.replace(t, records(people))

	require.Equal(t, owner, d.value(t, "SELECT tableowner FROM pg_tables WHERE tablename = 't'"))
	require.Equal(t, "PUBLIC SELECT NO, "+other+" INSERT YES, "+other+" SELECT YES", d.value(t,
		`SELECT string_agg(concat_ws(' ', grantee, privilege_type, is_grantable), ', ' ORDER BY grantee = 'PUBLIC' DESC, privilege_type)
		FROM information_schema.role_table_grants WHERE table_name = 't' AND grantee <> '`+owner+`'`))
}

func TestReplaceResolvesSchemaBySearchPath(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE SCHEMA first; CREATE SCHEMA second; CREATE TABLE second.t (a int)`)

	at := &database{Source: open(t, d.url+"&search_path=first,second"), url: d.url, conn: d.conn}
	at.replace(t, records(people, source.Record{int64(1), "x"}))
	require.Equal(t, "1", d.value(t, "SELECT count(name) FROM second.t"))

	require.NoError(t, at.DropTable(t.Context(), table("t")))
	at.replace(t, records(people, source.Record{int64(1), "x"}))
	require.Equal(t, "1", d.value(t, "SELECT count(name) FROM first.t"))

	nowhere := open(t, d.url+"&search_path=nowhere")
	_, err := nowhere.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, records(people))
	requireError(t, err, source.CodeTableNotFound)
}

func TestReplaceRefusesTableWithPoliciesOrViews(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL SECURITY")

	_, err := d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, records(people))
	requireError(t, err, source.CodeOperationUnsupported)
	require.ErrorContains(t, err, "refill the table instead")

	d.run(t, "ALTER TABLE t DISABLE ROW LEVEL SECURITY; CREATE VIEW v AS SELECT * FROM t")

	_, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, records(people))
	problem := requireError(t, err, source.CodeQueryInvalid)
	require.False(t, problem.Retryable)
	require.ErrorContains(t, err, "view v depends on table t")
	require.Equal(t, "1", d.value(t, "SELECT count(*) FROM v"))
}

func TestReplaceIsAtomicForReaders(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.replace(t, records(people, source.Record{int64(0), "x"}))

	stop, done := make(chan struct{}), make(chan map[string]bool)
	reader := connect(t, d.url)

	go func() {
		seen := map[string]bool{}
		defer func() { done <- seen }()

		for {
			var found string
			if err := reader.QueryRow(t.Context(), "SELECT concat(count(*), ' ', min(id), ' ', max(id)) FROM t").Scan(&found); err != nil {
				seen[err.Error()] = true
			}

			seen[found] = true

			select {
			case <-stop:
				return
			default:
			}
		}
	}()

	for i := range int64(20) {
		d.replace(t, records(people, source.Record{i, "a"}, source.Record{i, "b"}, source.Record{i, "c"}))
	}

	close(stop)

	seen := <-done
	require.NotEmpty(t, seen)

	for found := range seen {
		require.Regexp(t, `^(1 0 0|3 (\d+) \d+)$`, found)
	}
}

// The transaction opens the new table, but has an older snapshot.
func TestReplaceIsVisibleToOlderSnapshots(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.replace(t, records(people))

	before := connect(t, d.url)
	_, err := before.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class")
	require.NoError(t, err)

	d.replace(t, records(people, source.Record{int64(1), "x"}))
	require.Equal(t, "1", queryText(t, before, "SELECT count(*) FROM t"))
}

func TestReplaceStopsWaitingForLockOfReader(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.replace(t, records(people, source.Record{int64(1), "x"}))

	reader := connect(t, d.url)
	_, err := reader.Exec(t.Context(), "BEGIN; SELECT * FROM t")
	require.NoError(t, err)

	_, err = d.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, records(people))
	problem := requireError(t, err, source.CodeUnavailable)
	require.True(t, problem.Retryable)
	require.ErrorContains(t, err, "lock timeout")
	require.Equal(t, "1", queryText(t, reader, "SELECT count(*) FROM t"))
	require.Equal(t, "1", d.value(t, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"))
}
