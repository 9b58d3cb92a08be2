package sqltext_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source/sqltext"
)

func TestStatementsSplitsAtSemicolons(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		dialect sqltext.Dialect
		script  string
		want    []sqltext.Statement
	}{
		"no statement":             {sqltext.SQLite, " \n-- nothing\n/* at all */ ;;", nil},
		"no semicolon":             {sqltext.SQLite, "SELECT 1", []sqltext.Statement{{"SELECT 1", 1}}},
		"lines":                    {sqltext.SQLite, "\nSELECT\n1;\n\n-- x\nSELECT 2 ;", []sqltext.Statement{{"SELECT\n1", 2}, {"SELECT 2", 6}}},
		"texts":                    {sqltext.SQLite, `SELECT ';', ";", 'it''s;'; SELECT 2`, []sqltext.Statement{{`SELECT ';', ";", 'it''s;'`, 1}, {"SELECT 2", 1}}},
		"comments":                 {sqltext.SQLite, "SELECT 1 /* ; */ -- ;\n; SELECT 2", []sqltext.Statement{{"SELECT 1 /* ; */ -- ;", 1}, {"SELECT 2", 2}}},
		"brackets":                 {sqltext.SQLite, "SELECT [a;b]; SELECT 2", []sqltext.Statement{{"SELECT [a;b]", 1}, {"SELECT 2", 1}}},
		"dollar quotes":            {sqltext.PostgreSQL, "SELECT $$;$$, $a$;$$;$a$, $1; SELECT 2", []sqltext.Statement{{"SELECT $$;$$, $a$;$$;$a$, $1", 1}, {"SELECT 2", 1}}},
		"nested comments":          {sqltext.PostgreSQL, "SELECT /* /* ; */ ; */ 1; SELECT 2", []sqltext.Statement{{"SELECT /* /* ; */ ; */ 1", 1}, {"SELECT 2", 1}}},
		"escapes of E":             {sqltext.PostgreSQL, `SELECT E'\';', '\'; SELECT 2`, []sqltext.Statement{{`SELECT E'\';', '\'`, 1}, {"SELECT 2", 1}}},
		"escapes of MySQL":         {sqltext.MySQL, "SELECT '\\';', \"\\\";\", `;`; SELECT 2 # ;", []sqltext.Statement{{"SELECT '\\';', \"\\\";\", `;`", 1}, {"SELECT 2 # ;", 1}}},
		"dashes of MySQL":          {sqltext.MySQL, "SELECT 5--1; SELECT 2 --\t;\n; SELECT 3 --", []sqltext.Statement{{"SELECT 5--1", 1}, {"SELECT 2 --\t;", 1}, {"SELECT 3 --", 2}}},
		"dollars in a name":        {sqltext.PostgreSQL, "SELECT a$b$; SELECT 2", []sqltext.Statement{{"SELECT a$b$", 1}, {"SELECT 2", 1}}},
		"a trigger":                {sqltext.SQLite, "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM y; END; SELECT 2", []sqltext.Statement{{"CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM y; END", 1}, {"SELECT 2", 1}}},
		"a procedure":              {sqltext.MySQL, "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; WHILE 0 DO SELECT 2; END WHILE; END; SELECT 2", []sqltext.Statement{{"CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; WHILE 0 DO SELECT 2; END WHILE; END", 1}, {"SELECT 2", 1}}},
		"a name that is BEGIN":     {sqltext.SQLite, "CREATE TABLE t (begin TEXT); SELECT 1", []sqltext.Statement{{"CREATE TABLE t (begin TEXT)", 1}, {"SELECT 1", 1}}},
		"a keyword that ends in E": {sqltext.SQLite, `SELECT 'a' LIKE 'b' ESCAPE'\'; SELECT 1`, []sqltext.Statement{{`SELECT 'a' LIKE 'b' ESCAPE'\'`, 1}, {"SELECT 1", 1}}},
		"a transaction":            {sqltext.SQLite, "BEGIN; SELECT 1; END; SELECT 2", []sqltext.Statement{{"BEGIN", 1}, {"SELECT 1", 1}, {"END", 1}, {"SELECT 2", 1}}},
		"an open text":             {sqltext.SQLite, "SELECT 'x; SELECT 2", []sqltext.Statement{{"SELECT 'x; SELECT 2", 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.dialect.Statements(test.script))
		})
	}
}

func TestBindReplacesParameters(t *testing.T) {
	t.Parallel()

	bind := map[string]any{"a": int64(1), "b": "two", "é": nil}

	for name, test := range map[string]struct {
		dialect         sqltext.Dialect
		statement, want string
		values          []any
	}{
		"none":        {sqltext.PostgreSQL, "SELECT 1", "SELECT 1", nil},
		"numbered":    {sqltext.PostgreSQL, "SELECT :a, :b,:a", "SELECT $1, $2,$1", []any{int64(1), "two"}},
		"marked":      {sqltext.MySQL, "SELECT :a, :b,:a", "SELECT ?, ?,?", []any{int64(1), "two", int64(1)}},
		"a cast":      {sqltext.PostgreSQL, "SELECT :a::text, '1'::int", "SELECT $1::text, '1'::int", []any{int64(1)}},
		"in texts":    {sqltext.PostgreSQL, `SELECT ':a', ":a", $$:a$$ /* :a */ -- :a`, `SELECT ':a', ":a", $$:a$$ /* :a */ -- :a`, nil},
		"a slice":     {sqltext.PostgreSQL, "SELECT x[a:b], x[1:2], (x):a", "SELECT x[a:b], x[1:2], (x):a", nil},
		"a setting":   {sqltext.MySQL, "SET @a := :a", "SET @a := ?", []any{int64(1)}},
		"other names": {sqltext.SQLite, "SELECT :é", "SELECT ?", []any{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text, values, _, err := test.dialect.Bind(test.statement, bind)
			require.NoError(t, err)
			require.Equal(t, test.want, text)
			require.Equal(t, test.values, values)
		})
	}
}

func TestContainsIgnoresQuotedTextsAndComments(t *testing.T) {
	t.Parallel()

	for statement, want := range map[string]bool{
		"SELECT 1 INTO x": true, "SELECT 1\ninto x": true, "SELECT 5--1 INTO x": true, "SELECT 1.INTO x": true,
		"SELECT 'a''b' INTO x": true, `SELECT 'a\'' INTO x`: true,
		"SELECT 'INTO'": false, "SELECT `INTO`": false, "SELECT 1 -- INTO": false, "SELECT 1 # INTO": false,
		"SELECT /* INTO */ 1": false, `SELECT 'a\' INTO '`: false, "SELECT INTOX": false, "": false,
	} {
		require.Equal(t, want, sqltext.MySQL.Contains(statement, "INTO"), statement)
	}
}

func TestHasExecutableComment(t *testing.T) {
	t.Parallel()

	for statement, want := range map[string]bool{
		"SELECT 1 /*!50000 , 2 */": true, "SELECT /*M! 2 */": true, "SELECT /*+ hint */ 1": false, "SELECT '/*!'": false,
		"SELECT 1 /* /*! */": false,
	} {
		require.Equal(t, want, sqltext.MySQL.HasExecutableComment(statement), statement)
	}
}

func TestBindAndUnusedReportMismatches(t *testing.T) {
	t.Parallel()

	for message, bind := range map[string]map[string]any{
		"the parameter :c has no value; bind has a, b":         {"b": 1, "a": 2},
		"the parameter :c has no value; set the value in bind": nil,
	} {
		text, _, _, err := sqltext.SQLite.Bind("SELECT :c", bind)
		require.EqualError(t, err, message)
		require.Empty(t, text)
	}

	_, _, used, err := sqltext.SQLite.Bind("SELECT :a", map[string]any{"a": 1, "b": 2})
	require.NoError(t, err)
	require.EqualError(t, sqltext.Unused(map[string]any{"a": 1, "b": 2}, used), "bind has a value for b, but there is no parameter :b")
	require.NoError(t, sqltext.Unused(map[string]any{"a": 1}, used))
}

// The statements contain the whole script except for the text between statements.
func FuzzStatements(f *testing.F) {
	f.Add("SELECT 1; SELECT ':x' -- ;\n; CREATE TRIGGER t BEGIN END;")
	f.Add("$a$;$a$ E'\\';' /* /* */ */ [x;y] `;`")

	f.Fuzz(func(t *testing.T, script string) {
		for _, dialect := range []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.SQLite} {
			rest := script

			for _, statement := range dialect.Statements(script) {
				require.NotEmpty(t, statement.Text)

				at := strings.Index(rest, statement.Text)
				require.GreaterOrEqual(t, at, 0)

				rest = rest[at+len(statement.Text):]
			}

			text, _, _, err := dialect.Bind(script, nil)
			if err == nil {
				require.Equal(t, script, text)
			}
		}
	})
}

func TestBindScriptReportsTheStatementAndUnusedValues(t *testing.T) {
	t.Parallel()

	bound, err := sqltext.MySQL.BindScript("DELETE FROM t WHERE a = :a;\nUPDATE t SET b = :b", map[string]any{"a": int64(1), "b": "x"})
	require.NoError(t, err)
	require.Equal(t, []sqltext.Bound{
		{Text: "DELETE FROM t WHERE a = ?", Values: []any{int64(1)}, Location: "statement 1, line 1"},
		{Text: "UPDATE t SET b = ?", Values: []any{"x"}, Location: "statement 2, line 2"},
	}, bound)

	_, err = sqltext.PostgreSQL.BindScript("SELECT 1;\nSELECT :missing", nil)
	require.EqualError(t, err, "statement 2, line 2: the parameter :missing has no value; set the value in bind")

	_, err = sqltext.SQLite.BindScript("SELECT 1", map[string]any{"other": nil})
	require.ErrorContains(t, err, "bind has a value for other")
}
