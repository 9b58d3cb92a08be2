package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestCopyTableWritesSameTableAsReadAndWrite(t *testing.T) {
	t.Parallel()

	from, to := newDatabase(t), newDatabase(t)
	from.run(t, `CREATE DOMAIN percent AS numeric(5,2);
		CREATE TABLE "T" (a smallint, b integer, c bigint, d oid, e numeric, f numeric(10,2), g numeric(3,-2), h numeric(3,5), i real,
			j double precision, k boolean, l text, m varchar(5), n char(5), o name, p date, q time, r timestamp(3), s timestamptz,
			t bytea, u json, v jsonb, w uuid, x percent, y int[], z varchar(3)[]);
		INSERT INTO "T" VALUES (-1, 2, 3, 4, 1e30, 1.50, 12300, 0.00123, 0.1, 1e-300, true, E'\t', 'ä', 'ab', 'n', '0044-03-15 BC', '24:00',
			'2024-02-29 12:00:00.123', 'epoch', '\x00ff', '{"b": 1, "a":2}', '{"b": 1, "a":2}', 'f47ac10b-58cc-0372-8567-0e02b2c3d479',
			99.99, '{{1,NULL},{3,4}}', '{a,NULL}');
		INSERT INTO "T" (a) SELECT generate_series(1, 1000)`)

	rows, err := from.ReadTable(t.Context(), source.Read{Table: table("T")})
	require.NoError(t, err)

	want, err := to.WriteTable(t.Context(), source.Write{Table: table("read"), Mode: source.Replace}, rows)
	require.NoError(t, err)

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Refill, source.Insert, source.Replace} {
		var rows, bytes int64

		written, copied, err := to.CopyTable(t.Context(), from.Source, source.Read{Table: table("T")},
			source.Write{Table: table("copied"), Mode: mode}, func(r int64, of source.Extent) { rows, bytes = r, of.Bytes })
		require.NoError(t, err, mode)
		require.True(t, copied, mode)
		require.Equal(t, want, written)
		require.Equal(t, want.Rows, rows)
		require.Greater(t, bytes, int64(50_000))
	}

	const definition = `SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attnum > 0 AND attrelid = `
	require.Equal(t, to.value(t, definition+"'read'::regclass"), to.value(t, definition+"'copied'::regclass"))
	const content = "SELECT string_agg(whole::text, E'\\n' ORDER BY a) FROM "
	require.Equal(t, to.value(t, content+"read whole"), to.value(t, content+"copied whole"))
}

func TestCopyTableReportsFalseForOtherTypesModesAndSources(t *testing.T) {
	t.Parallel()

	from, to := newDatabase(t), newDatabase(t)
	from.run(t, "CREATE TABLE t (a text); CREATE TABLE odd (a interval); CREATE TABLE wide (a numeric(10,2))")
	to.run(t, `CREATE TABLE t (a varchar(5)); INSERT INTO t VALUES ('x'); CREATE TABLE narrow (a numeric(10,1));
		CREATE TABLE other (a int)`)

	for _, test := range []struct {
		from  source.Reader
		table string
		write source.Write
	}{
		{from.Source, "t", source.Write{Table: table("t"), Mode: source.Refill}},
		{from.Source, "odd", source.Write{Table: table("t"), Mode: source.Replace}},
		{from.Source, "wide", source.Write{Table: table("narrow"), Mode: source.Append}},
		{from.Source, "t", source.Write{Table: table("other"), Mode: source.Append}},
		{from.Source, "t", source.Write{Table: table("t"), Mode: source.Upsert, Key: []string{"a"}}},
		{struct{ source.Reader }{from.Source}, "t", source.Write{Table: table("t"), Mode: source.Replace}},
	} {
		_, copied, err := to.CopyTable(t.Context(), test.from, source.Read{Table: table(test.table)}, test.write, nil)
		require.NoError(t, err)
		require.False(t, copied, test.table)
	}

	require.Equal(t, "{x}", to.value(t, "SELECT array_agg(a) FROM t"), "something was done")
}

func TestCopyTableReplacesItsOwnTable(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t AS SELECT generate_series(1, 10000) id")

	written, copied, err := d.CopyTable(t.Context(), d.Source, source.Read{Table: table("t")},
		source.Write{Table: table("t"), Mode: source.Replace}, nil)
	require.NoError(t, err)
	require.True(t, copied)
	require.EqualValues(t, 10_000, written.Rows)
	require.Equal(t, "bigint 10000", d.value(t, "SELECT concat(pg_typeof(max(id)), ' ', count(*)) FROM t"))
}

func TestFailedCopyTableChangesNothing(t *testing.T) {
	t.Parallel()

	from, to := newDatabase(t), newDatabase(t)
	from.run(t, `CREATE TABLE t AS SELECT generate_series(1, 100000) id;
		CREATE FUNCTION fails(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF $1 = 99999 THEN RAISE 'it fails'; END IF; RETURN $1; END $$;
		CREATE VIEW failing AS SELECT fails(id) id FROM t;
		CREATE VIEW endless AS SELECT generate_series(1, 1000000000) id`)
	to.run(t, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)")

	copyTo := func(ctx context.Context, name string, mode source.Mode, progress func(int64, source.Extent)) error {
		_, copied, err := to.CopyTable(ctx, from.Source, source.Read{Table: table(name)}, source.Write{Table: table("t"), Mode: mode}, progress)
		require.False(t, copied)

		return err
	}

	err := copyTo(t.Context(), "failing", source.Replace, nil)
	require.ErrorContains(t, err, `source "stage", table "failing": it fails`)

	err = copyTo(t.Context(), "t", source.Append, nil)
	requireError(t, err, source.CodeRecordInvalid)
	require.ErrorContains(t, err, "Key (id)=(7) already exists")

	err = copyTo(t.Context(), "nowhere", source.Replace, nil)
	requireError(t, err, source.CodeTableNotFound)

	ctx, cancel := context.WithCancel(t.Context())
	err = copyTo(ctx, "endless", source.Replace, func(_ int64, of source.Extent) {
		if of.Bytes > 1_000_000 {
			cancel()
		}
	})
	require.Equal(t, context.Canceled, err)

	from.eventually(t, "0", busy)
	to.eventually(t, "0", busy)
	require.Equal(t, "{7}", to.value(t, "SELECT array_agg(id) FROM t"))

	// No failed copy has left a lock.
	rows, err := from.ReadTable(t.Context(), source.Read{Table: table("t")})
	require.NoError(t, err)
	require.Len(t, sourcetest.ReadAll(t, rows), 100_000)
}
