package sqltext_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source/sqltext"
)

// parameters matches the parameters of the queries below.
var parameters = regexp.MustCompile(`:"?value\d"?`)

func placesOf(dialect sqltext.Dialect, query string) []sqltext.Place {
	var spans []sqltext.Span
	for _, at := range parameters.FindAllStringIndex(query, -1) {
		spans = append(spans, sqltext.Span{Begin: at[0], End: at[1]})
	}

	return dialect.Places(query, spans)
}

func TestPlacesDistinguishesValuesFromNamesAndQuotes(t *testing.T) {
	t.Parallel()

	all := []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.SQLite}

	for query, want := range map[string]sqltext.Place{
		"SELECT :value1":                                     sqltext.ValuePlace,
		"SELECT :value1::text":                               sqltext.ValuePlace,
		"SELECT a FROM t WHERE b = :value1":                  sqltext.ValuePlace,
		"SELECT a FROM t WHERE b IN (1, :value1)":            sqltext.ValuePlace,
		"SELECT a FROM t LIMIT 1, :value1":                   sqltext.ValuePlace,
		"SELECT EXTRACT(YEAR FROM :value1) FROM t":           sqltext.ValuePlace,
		"SELECT a FROM t WHERE b IS DISTINCT FROM :value1":   sqltext.ValuePlace,
		"SELECT a FROM t ORDER BY a = :value1":               sqltext.ValuePlace,
		"SELECT a FROM f(1, :value1)":                        sqltext.ValuePlace,
		"SELECT a FROM b, (SELECT 1, :value1) c":             sqltext.ValuePlace,
		"INSERT INTO t (a, b) VALUES (1, :value1)":           sqltext.ValuePlace,
		"UPDATE t SET a = 1, b = :value1":                    sqltext.ValuePlace,
		"SELECT a FROM b UNION SELECT 1, :value1":            sqltext.ValuePlace,
		"SELECT 1 -- it's\n, :value1":                        sqltext.ValuePlace,
		"SELECT a FROM :value1":                              sqltext.NamePlace,
		"SELECT a FROM /* x */ :value1":                      sqltext.NamePlace,
		"SELECT a FROM b, :value1":                           sqltext.NamePlace,
		"SELECT a FROM b WHERE c IN (SELECT d FROM :value1)": sqltext.NamePlace,
		"SELECT a FROM b JOIN :value1 ON true":               sqltext.NamePlace,
		"DELETE FROM :value1":                                sqltext.NamePlace,
		"insert into :value1 VALUES (1)":                     sqltext.NamePlace,
		"UPDATE :value1 SET a = 1":                           sqltext.NamePlace,
		"UPDATE t SET :value1 = 1":                           sqltext.NamePlace,
		"UPDATE t SET a = 1, :value1 = 2":                    sqltext.NamePlace,
		"DROP TABLE IF EXISTS :value1":                       sqltext.NamePlace,
		"SELECT a FROM t ORDER BY :value1":                   sqltext.NamePlace,
		"SELECT a FROM t ORDER BY a DESC, :value1":           sqltext.NamePlace,
		"SELECT a AS :value1":                                sqltext.NamePlace,
		"SELECT t.:value1 FROM t":                            sqltext.NamePlace,
		"SELECT :value1.a FROM t":                            sqltext.NamePlace,
		":value1":                                            sqltext.StatementPlace,
		"SELECT 1; -- then\n :value1":                        sqltext.StatementPlace,
		"SELECT ':value1'":                                   sqltext.TextPlace,
		"SELECT 'it''s :value1'":                             sqltext.TextPlace,
		"SELECT 1 /* :value1 */":                             sqltext.CommentPlace,
		"SELECT 1 -- :value1":                                sqltext.CommentPlace,
		"SELECT a_:value1 FROM t":                            sqltext.PartPlace,
		"SELECT :value1_a FROM t":                            sqltext.PartPlace,
		"SELECT f(a):value1 FROM t":                          sqltext.PartPlace,
		`SELECT a FROM :"value1"`:                            sqltext.NamePlace,
		`SELECT :"value1" FROM t`:                            sqltext.ValuePlace,
		`SELECT ':"value1"' FROM t`:                          sqltext.TextPlace,
	} {
		for _, dialect := range all {
			require.Equal(t, []sqltext.Place{want}, placesOf(dialect, query), query)
		}
	}
}

func TestPlacesFollowsTheQuotesOfTheDialect(t *testing.T) {
	t.Parallel()

	for query, want := range map[string][3]sqltext.Place{ // In PostgreSQL, MySQL and SQLite.
		`SELECT "a :value1"`:               {sqltext.QuotedNamePlace, sqltext.TextPlace, sqltext.QuotedNamePlace},
		"SELECT `a :value1`":               {sqltext.ValuePlace, sqltext.QuotedNamePlace, sqltext.QuotedNamePlace},
		"SELECT a [:value1]":               {sqltext.ValuePlace, sqltext.ValuePlace, sqltext.QuotedNamePlace},
		`SELECT '\' || :value1 || '`:       {sqltext.ValuePlace, sqltext.TextPlace, sqltext.ValuePlace},
		`SELECT '\', :value1, ''`:          {sqltext.ValuePlace, sqltext.TextPlace, sqltext.ValuePlace},
		`SELECT E'\' :value1 '`:            {sqltext.TextPlace, sqltext.TextPlace, sqltext.ValuePlace},
		"SELECT 1 AS a, $$ :value1 $$":     {sqltext.TextPlace, sqltext.ValuePlace, sqltext.ValuePlace},
		"SELECT 1 # :value1":               {sqltext.ValuePlace, sqltext.CommentPlace, sqltext.ValuePlace},
		"SELECT /* /* */ 1, :value1 /* */": {sqltext.CommentPlace, sqltext.ValuePlace, sqltext.ValuePlace},
	} {
		for i, dialect := range []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.SQLite} {
			require.Equal(t, []sqltext.Place{want[i]}, placesOf(dialect, query), "%d: %s", i, query)
		}
	}
}

func TestBindQuotesNames(t *testing.T) {
	t.Parallel()

	const hostile = "t\"`]'; DROP TABLE t; --\\"

	for want, dialects := range map[string][]sqltext.Dialect{
		"SELECT * FROM \"t\"\"`]'; DROP TABLE t; --\\\" WHERE a = $1": {sqltext.PostgreSQL},
		"SELECT * FROM `t\"``]'; DROP TABLE t; --\\` WHERE a = ?":     {sqltext.MySQL, sqltext.SQLite},
	} {
		for _, dialect := range dialects {
			text, values, used, err := dialect.Bind(`SELECT * FROM :"t" WHERE a = :a`, map[string]any{"t": hostile, "a": "b"})
			require.NoError(t, err)
			require.Equal(t, want, text)
			require.Equal(t, []any{"b"}, values)
			require.Equal(t, map[string]bool{"t": true, "a": true}, used)
		}
	}
}

func TestBindRefusesWhatIsNoNameOrValue(t *testing.T) {
	t.Parallel()

	for message, value := range map[string]any{
		`the parameter :"x": a name can't be empty`:                    "",
		`the parameter :"x": a name can't contain U+0000`:              "a\x00b",
		`the parameter :"x": a name must be UTF-8 text`:                "a\xbf\x5cb",
		`the parameter :"x": a name must be text`:                      int64(1),
		`the parameter :"x": a name has at most 63 bytes, this has 64`: strings.Repeat("a", 64),
		`the parameter :"x": a name has at most 63 bytes, this has 66`: strings.Repeat("é", 33),
	} {
		_, _, _, err := sqltext.PostgreSQL.Bind(`SELECT * FROM :"x"`, map[string]any{"x": value})
		require.EqualError(t, err, message)
	}

	for kind, value := range map[string]any{"a list": []any{int64(1)}, "an object": map[string]any{}} {
		_, _, _, err := sqltext.MySQL.Bind(`SELECT :x`, map[string]any{"x": value})
		require.ErrorContains(t, err, "the parameter :x: "+kind+" can't be a value in a query; pass it as JSON, with toJSON(…)")
	}
}

// The text for the database does not depend on the values, and a name is one token, whatever it contains.
func FuzzBind(f *testing.F) {
	for _, value := range []string{"x' || current_user || '", "1; DROP TABLE t", `\' OR 1=1 --`, "$$", "\x00", "é", "\xbf\x27", "`", `"`, "]"} {
		f.Add("SELECT :v, 'it''s' FROM :\"n\" WHERE $a$ :v $a$ = :v", value)
		f.Add(":n :\"n\" :v", value)
		f.Add("SELECT E'\\'' || :v -- :v\n, `:v`, [:v], \":v\" /* :v */; UPDATE :\"n\" SET a = :v", value)
	}

	f.Fuzz(func(t *testing.T, query, value string) {
		if strings.Contains(query, `:"v"`) {
			return // The value would be a name.
		}

		for _, dialect := range []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.SQLite} {
			plain, _, _, err := dialect.Bind(query, map[string]any{"v": "a", "n": "b"})
			if err != nil {
				return
			}

			text, values, _, err := dialect.Bind(query, map[string]any{"v": value, "n": "b"})
			require.NoError(t, err)
			require.Equal(t, plain, text, "the text depends on a value")

			for _, bound := range values {
				require.Contains(t, []any{value, "b"}, bound)
			}

			named, _, _, err := dialect.Bind(query, map[string]any{"v": "a", "n": value})
			if err == nil {
				require.Len(t, dialect.Statements(named), len(dialect.Statements(plain)), "a name changes the statements")
			}
		}
	})
}
