package statement_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/lineage/statement"
	"github.com/jobwright/jobwright/source/kind"
)

// lines returns an effect as lines: "reads space.table(columns)", "insert table(column=origins)", "returns columns", "unknown reason".
func lines(found statement.Effect) []string {
	var all []string

	for _, table := range found.Reads {
		all = append(all, "reads "+tableText(table))
	}

	for _, table := range found.Writes {
		all = append(all, string(table.Mode)+" "+tableText(table))
	}

	if len(found.Columns) > 0 || found.IsOpen {
		all = append(all, "returns"+columnsText(found.Columns, found.IsOpen))
	}

	for _, reason := range found.Unknown {
		all = append(all, "unknown "+reason)
	}

	return all
}

func tableText(of statement.Table) string {
	text := strings.TrimPrefix(of.Space+"."+of.Name, ".") + columnsText(of.Columns, of.IsOpen)
	for _, reason := range of.Unknown {
		text += " ! " + reason
	}

	return text
}

func columnsText(columns []statement.Column, isOpen bool) string {
	var texts []string

	for _, column := range columns {
		text := column.Name

		for i, origin := range column.From {
			text += map[bool]string{true: "=", false: "+"}[i == 0] + strings.TrimPrefix(origin.Space+".", ".") + origin.Name + "." + origin.Column
		}

		if column.Unknown != "" {
			text += "?"
		}

		texts = append(texts, text)
	}

	if isOpen {
		texts = append(texts, "…")
	}

	return "(" + strings.Join(texts, ", ") + ")"
}

var (
	databases  = []string{kind.PgSQLSource, kind.MySQLSource, kind.SQLiteSource}
	postgresql = databases[:1]
	mysql      = databases[1:2]
	sqlite     = databases[2:]
)

type test struct {
	kinds []string
	text  string
	want  []string
}

func TestScriptFindsTablesAndColumns(t *testing.T) {
	t.Parallel()

	for _, test := range []test{
		// Queries.
		{databases, "SELECT 1", []string{"returns()"}},
		{databases, "SELECT a, t.b FROM t", []string{"reads t(a, b)", "returns(a=t.a, b=t.b)"}},
		{databases, "SELECT * FROM s.t", []string{"reads s.t(…)", "returns(…)"}},
		{databases, "SELECT count(*) AS n FROM t", []string{"reads t()", "returns(n)"}},
		{databases, "SELECT max(a) AS n FROM t WHERE b > 7 GROUP BY c HAVING min(d) > 1", []string{"reads t(a, b, c, d)", "returns(n=t.a)"}},
		{databases, "SELECT a AS x FROM t ORDER BY x, b LIMIT 7", []string{"reads t(a, b)", "returns(x=t.a)"}},
		{databases, "SELECT x.a, y.b, c FROM t x JOIN u AS y ON x.id = y.id", []string{
			"reads t(id, a) ! the column c may be one of this table or of another; the statement does not say",
			"reads u(id, b) ! the column c may be one of this table or of another; the statement does not say",
			"returns(a=t.a, b=u.b, c?)",
		}},
		{databases, "SELECT x.* FROM t x, u", []string{"reads t(…)", "reads u()", "returns(…)"}},
		{databases, "SELECT t.a FROM t JOIN u USING (id)", []string{"reads t(id, a)", "reads u(id)", "returns(a=t.a)"}},
		{databases, "SELECT s.a FROM s.t", []string{"reads s.t()", "returns(a)"}},
		{databases, "SELECT t.a FROM s.t", []string{"reads s.t(a)", "returns(a=s.t.a)"}},
		{databases, "SELECT CASE WHEN a > 1 THEN b ELSE c END AS x FROM t", []string{"reads t(a, b, c)", "returns(x=t.a+t.b+t.c)"}},

		// Queries in queries.
		{databases, "SELECT a FROM (SELECT b AS a FROM t) x", []string{"reads t(b)", "returns(a=t.b)"}},
		{databases, "SELECT a FROM (SELECT * FROM t) x", []string{"reads t(a, …)", "returns(a=t.a)"}},
		{databases, "SELECT a FROM t WHERE b IN (SELECT c FROM u WHERE u.d = t.e)", []string{"reads t(a, b, e)", "reads u(c, d)", "returns(a=t.a)"}},
		{databases, "SELECT (SELECT max(c) FROM u WHERE u.id = t.id) AS m FROM t", []string{"reads t(id)", "reads u(c, id)", "returns(m=u.c)"}},
		{databases, "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)", []string{"reads t(a)", "reads u()", "returns(a=t.a)"}},
		{databases, "WITH x AS (SELECT a, b FROM t) SELECT a FROM x", []string{"reads t(a, b)", "returns(a=t.a)"}},
		{databases, "WITH x (p, q) AS (SELECT a, b FROM t), y AS (SELECT q FROM x) SELECT * FROM y", []string{"reads t(a, b)", "returns(q=t.b)"}},
		{databases, "WITH t AS (SELECT a FROM t) SELECT a FROM t", []string{"reads t(a)", "returns(a=t.a)"}},
		{databases, "WITH RECURSIVE x (n) AS (SELECT a FROM t UNION ALL SELECT n + 1 FROM x WHERE n < 9) SELECT n FROM x", []string{"reads t(a)", "returns(n=t.a)"}},
		{databases, "SELECT a FROM t UNION ALL SELECT b FROM u ORDER BY a", []string{"reads t(a)", "reads u(b)", "returns(a=t.a+u.b)"}},
		{databases, "SELECT a FROM t UNION SELECT * FROM u", []string{"reads t(a)", "reads u(…)", "returns(a=t.a?, …)"}},

		// Values and names that are known when the step runs.
		{databases, "SELECT a FROM t WHERE b = :b LIMIT :n", []string{"reads t(a, b)", "returns(a=t.a)"}},
		{databases, `SELECT a FROM :"value1" WHERE b = 1`, []string{"reads (a, b, …) ! the name of the table is computed when the step runs", "returns(a?)"}},
		{databases, `SELECT :"value1" FROM t`, []string{"reads t(…) ! the name of a column is computed when the step runs", "returns(?)"}},
		{databases, `SELECT a FROM t ORDER BY :"value1"`, []string{"reads t(a, …) ! the name of a column is computed when the step runs", "returns(a=t.a)"}},

		// Changes.
		{databases, "INSERT INTO t (a, b) VALUES (1, :b), (2, 3)", []string{"insert t(a, b)"}},
		{databases, "INSERT INTO t VALUES (1, 2)", []string{"insert t(…)"}},
		{databases, "INSERT INTO s.t (a, b) SELECT c, d + e FROM u", []string{"reads u(c, d, e)", "insert s.t(a=u.c, b=u.d+u.e)"}},
		{databases, "INSERT INTO t (a) SELECT * FROM u", []string{"reads u(…)", "insert t(a?)"}},
		{databases, "UPDATE t SET a = 1, b = c + 1 WHERE d = :d", []string{"reads t(c, d)", "update t(a, b=t.c)"}},
		{databases, "UPDATE t SET a = 1", []string{"update t(a)"}},
		{databases, "UPDATE t SET a = (SELECT max(b) FROM u)", []string{"reads u(b)", "update t(a=u.b)"}},
		{databases, "DELETE FROM t", []string{"delete t()"}},
		{databases, "DELETE FROM t WHERE a IN (SELECT b FROM u)", []string{"reads t(a)", "reads u(b)", "delete t()"}},
		{databases, "CREATE TABLE t (a integer, b varchar(7))", []string{"create t(a, b)"}},
		{databases, "CREATE TABLE t AS SELECT a, b AS c FROM u", []string{"reads u(a, b)", "create t(a=u.a, c=u.b)"}},
		{databases, "CREATE VIEW v AS SELECT a FROM t", []string{"reads t(a)", "create v(a=t.a)"}},
		{databases, "CREATE VIEW v (x) AS SELECT a FROM t", []string{"reads t(a)", "create v(x=t.a)"}},
		{databases, "DROP TABLE IF EXISTS s.t", []string{"drop s.t()"}},
		{databases, "ALTER TABLE t ADD COLUMN a integer", []string{"alter t()"}},
		{databases, "CREATE INDEX i ON t (a)", nil},
		{databases, "-- a comment", nil},
		{databases, "BEGIN", nil},
		{databases, "DELETE FROM t; SELEC; INSERT INTO u (a) VALUES (1)", []string{"delete t()", "insert u(a)", "unknown statement in line 1: it can't be parsed: *"}},

		// PostgreSQL.
		{postgresql, `SELECT "A", B FROM "T" x`, []string{"reads T(A, b)", "returns(A=T.A, b=T.b)"}},
		{postgresql, "SELECT lower(a), b::text, 7 FROM t", []string{"reads t(a, b)", "returns(lower=t.a, b=t.b, )"}},
		{postgresql, "SELECT x.a, y.v FROM t x, LATERAL (SELECT x.b AS v) y", []string{"reads t(b, a)", "returns(a=t.a, v=t.b)"}},
		{postgresql, "SELECT n FROM generate_series(1, 7) AS n", []string{"returns(n?)"}},
		{postgresql, "SELECT sum(a) OVER (PARTITION BY b ORDER BY c) AS s FROM t", []string{"reads t(a, b, c)", "returns(s=t.a+t.b+t.c)"}},
		{postgresql, "SELECT DISTINCT ON (a) b FROM t NATURAL JOIN u", []string{
			"reads t() ! *", "reads u() ! *", "returns(b?)", "unknown a NATURAL JOIN compares columns that the statement does not name",
		}},
		{postgresql, "VALUES (1, 2)", []string{"returns(column1, column2)"}},
		{postgresql, "TABLE t", []string{"reads t(…)", "returns(…)"}},
		{postgresql, "SELECT a INTO u FROM t", []string{"reads t(a)", "create u(a=t.a)", "returns(a=t.a)"}},
		{postgresql, "INSERT INTO t (a, b) SELECT c, d FROM u ON CONFLICT (a) DO UPDATE SET b = excluded.b, n = t.n + 1 RETURNING a", []string{
			"reads u(c, d)", "reads t(n, a)", "insert t(a=u.c, b=u.d, n=t.n)", "returns(a=t.a)",
		}},
		{postgresql, "INSERT INTO t (a) VALUES (1) RETURNING a, id", []string{"insert t(a)", "returns(a, id?)"}},
		{postgresql, "UPDATE t x SET a = u.b, (c, d) = (SELECT e, f FROM v) FROM u WHERE x.id = u.id RETURNING x.a", []string{
			"reads u(b, id)", "reads v(e, f)", "reads t(id, a)", "update t(a=u.b, c=v.e+v.f, d=v.e+v.f)", "returns(a=t.a)",
		}},
		{postgresql, "DELETE FROM t USING u WHERE t.id = u.id", []string{"reads u(id)", "reads t(id)", "delete t()"}},
		{postgresql, "WITH gone AS (DELETE FROM t WHERE a < 7 RETURNING a, b) INSERT INTO old (a, b) SELECT a, b FROM gone", []string{
			"reads t(a, b)", "delete t()", "insert old(a=t.a, b=t.b)",
		}},
		{postgresql, "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = u.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (u.id, u.a)", []string{
			"reads u(a, id)", "reads t(id)", "update t(a=u.a, id=u.id)",
		}},
		{postgresql, "TRUNCATE a, s.b", []string{"truncate a()", "truncate s.b()"}},
		{postgresql, "DROP VIEW v; DROP INDEX i", []string{"drop v()"}},
		{postgresql, "ALTER TABLE t RENAME TO u", []string{"alter t()"}},
		{postgresql, "REFRESH MATERIALIZED VIEW v", []string{"insert v(…)"}},
		{postgresql, "COPY t (a) FROM '/tmp/x'", []string{"insert t(a)", "unknown COPY reads or writes a file, or a program, on the server of the database"}},
		{postgresql, "COPY (SELECT a FROM t) TO '/tmp/x'", []string{"reads t(a)", "returns(a=t.a)", "unknown COPY reads or writes a file, or a program, on the server of the database"}},
		{postgresql, "EXPLAIN SELECT a FROM t", []string{"reads t(a)", "returns(a=t.a)"}},
		{postgresql, "DO $$ BEGIN DELETE FROM t; END $$", []string{"unknown the tables that Do concerns are not known"}},
		{postgresql, "CALL p()", []string{"unknown the tables that Call concerns are not known"}},
		{postgresql, "EXECUTE q", []string{"unknown the tables that Execute concerns are not known"}},
		{postgresql, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", []string{"unknown the tables that CreateFunction concerns are not known"}},

		// MySQL.
		{mysql, "SELECT `A b`, T.c FROM `d`.`T`", []string{"reads d.T(A b, c)", "returns(A b=d.T.A b, c=d.T.c)"}},
		{mysql, "SELECT a FROM t STRAIGHT_JOIN (u CROSS JOIN v) WHERE t.x = 'it''s \\'' # comment", []string{"reads t(x) ! *", "reads u() ! *", "reads v() ! *", "returns(a?)"}},
		{mysql, "INSERT INTO t (a, n) VALUES (1, 2) ON DUPLICATE KEY UPDATE n = n + VALUES(n)", []string{"reads t(n)", "insert t(a, n=t.n)"}},
		{mysql, "REPLACE INTO t (a) SELECT b FROM u", []string{"reads u(b)", "insert t(a=u.b)"}},
		{mysql, "INSERT INTO t SET a = 1", []string{"insert t(a)"}},
		{mysql, "UPDATE t JOIN u ON t.id = u.id SET t.a = u.b", []string{"reads t(id)", "reads u(id, b)", "update t(a=u.b)"}},
		{mysql, "UPDATE t x, u SET x.a = 1, b = 2", []string{"reads t()", "reads u()", "update t(a)", "unknown the statement does not say which table has the column b"}},
		{mysql, "DELETE x FROM t x JOIN u ON x.id = u.id", []string{"reads t(id)", "reads u(id)", "delete t()"}},
		{mysql, "TRUNCATE TABLE t", []string{"truncate t()"}},
		{mysql, "RENAME TABLE t TO u", []string{"reads t(…)", "drop t()", "create u(…)"}},
		{mysql, "LOAD DATA INFILE 'x' INTO TABLE t", []string{"insert t(…)", "unknown LOAD DATA reads a file of the database's server or client"}},
		{mysql, "CREATE TABLE t LIKE u", []string{"reads u(…)", "create t(…)"}},
		{mysql, "CALL p(1)", []string{"unknown the tables that Call concerns are not known"}},
		{mysql, "PREPARE s FROM 'DELETE FROM t'", []string{"unknown the tables that Prepare concerns are not known"}},

		// SQLite.
		{sqlite, "SELECT [A b], `c`, CompanyName FROM [My Table]", []string{"reads My Table(A b, c, CompanyName)", "returns(A b=My Table.A b, c=My Table.c, CompanyName=My Table.CompanyName)"}},
		{sqlite, "SELECT T.a FROM t WHERE A == 3 AND b LIKE 'x'", []string{"reads t(A, b)", "returns(A=t.A)"}},
		{sqlite, "INSERT OR REPLACE INTO t (a) SELECT b FROM u", []string{"reads u(b)", "insert t(a=u.b)"}},
		{sqlite, "REPLACE INTO t (a) VALUES (1)", []string{"insert t(a)"}},
		{sqlite, "CREATE TABLE t (Id integer primary key autoincrement)", []string{"create t(Id)"}},
		{sqlite, "SELECT value FROM json_each(:list)", []string{"returns(value?)"}},
		{sqlite, "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.a", []string{"insert t(a)"}},
		{sqlite, "PRAGMA user_version", nil},
		{sqlite, "SELECT a FROM t WHERE b GLOB 'x*'", []string{"unknown it can't be parsed: *"}},
		{sqlite, "ATTACH 'x.db' AS x", []string{"unknown it can't be parsed: *"}},
	} {
		for _, database := range test.kinds {
			t.Run(database+" "+test.text, func(t *testing.T) {
				t.Parallel()
				requireLines(t, test.want, lines(statement.Script("", database, test.text)))
			})
		}
	}
}

// requireLines compares lines with those wanted, of which the end may be an asterisk for any text.
func requireLines(t *testing.T, want, got []string) {
	t.Helper()

	require.Len(t, got, len(want), strings.Join(got, "\n"))

	for i := range want {
		if before, anything := strings.CutSuffix(want[i], "*"); anything {
			require.True(t, strings.HasPrefix(got[i], before), strings.Join(got, "\n"))
		} else {
			require.Equal(t, want[i], got[i], strings.Join(got, "\n"))
		}
	}
}
