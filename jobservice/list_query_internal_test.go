package jobservice

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/temporalio/sqlparser"
)

func TestRestriction(t *testing.T) {
	t.Parallel()

	for query, want := range map[string]string{
		"a = 1":                          "(a = 1)",
		"A = 'x' or b = \"y\" -- c":      "(A = 'x' or b = 'y')",
		"a = 'x' /* c */ and not (b=-1)": "(a = 'x' and not (b = -1))",
		"`a b` in ('x', 'y')":            "(`a b` in ('x', 'y'))",
		"a not in (1, 2.5)":              "(a not in (1, 2.5))",
		"a starts_with 'x'":              "(a starts_with 'x')",
		"a between 1 and 2":              "(a between 1 and 2)",
		"a is not null":                  "(a is not null)",
		"a = 'it''s'":                    `(a = 'it\'s')`,
		"a = true":                       "(a = true)",
		"a = 1\nAND b = 'ü'":             "(a = 1 and b = 'ü')",
	} {
		got, err := restriction(query)
		require.NoError(t, err, query)
		require.Equal(t, want, got)
	}
}

func TestRestrictionRefuses(t *testing.T) {
	t.Parallel()

	for query, message := range map[string]string{
		"":                              "query is not a condition such as",
		"a = 1) or (b = 2":              "syntax error at position 7",
		"(a = 1":                        "syntax error",
		"a = 'x":                        "syntax error",
		"a = 1; b = 2":                  "syntax error",
		"a = 1 where b = 2":             "syntax error",
		"a = 1 union select * from b":   "query must be a single condition",
		"a = 1 order by b":              "without ORDER BY, GROUP BY, LIMIT",
		"a = 1 group by b":              "without ORDER BY, GROUP BY, LIMIT",
		"a = 1 group by b having c = 1": "without ORDER BY, GROUP BY, LIMIT",
		"a = 1 limit 1":                 "without ORDER BY, GROUP BY, LIMIT",
		"a = 1 for update":              "without ORDER BY, GROUP BY, LIMIT",
		"a":                             "must compare search attributes with values",
		"true":                          "must compare search attributes with values",
		"1 = 1":                         "must compare a search attribute, not 1",
		"t.a = 1":                       "must compare a search attribute, not t.a",
		"lower(a) = 'x'":                "must compare a search attribute",
		"a = b":                         "compares a with b, which is not a value; put texts into quotes",
		"a = (select 1)":                "which is not a value",
		"a in (select 1)":               "which is not a value",
		"a in ('x', b)":                 "which is not a value",
		"a = :v":                        "which is not a value",
		`JobwrightLabels = 'a="'`:       "by which not all databases of Temporal can search",
		"a = -'x'":                      "which is not a value",
		"a between 1 and b":             "which is not a value",
		"exists (select 1)":             "must compare search attributes with values",
		"a like 'x%'":                   "query has the operator like",
		"a regexp 'x'":                  "query has the operator regexp",
		"a is true":                     "query has the operator is true",
		"temporalnamespacedivision = 1": "query can't use TemporalNamespaceDivision",
		"a = '\x00'":                    "characters that don't print",
		"a = '\xff'":                    "characters that don't print",
		"a = '" + strings.Repeat("x", maxQuery) + "'": "and 2000 is the most",
	} {
		_, err := restriction(query)
		require.ErrorContains(t, err, message, query)
	}
}

// FuzzRestriction proves that an accepted query only narrows the expression to which it is added: the server's parser reads the
// whole as that expression AND the query, whatever the query contains.
func FuzzRestriction(f *testing.F) {
	for _, query := range []string{
		"a = 1", "a = 1) or (b = 2", "a = 'x\\'", "a = 'x''' or b = \"y\"", "a = 1 -- ", "a = 1 /*", "`a`` b` = 1", "a in ('x')",
		"not a = 1 or b between 1 and 2", "a = 1 order by b", "a = '\\Z\\0'", "a=0x1", "a = 1 #", "(((a=1)))", "a = 1e5",
	} {
		f.Add(query)
	}

	const own = "JobwrightApp = 'own'"

	f.Fuzz(func(t *testing.T, query string) {
		restricted, err := restriction(query)
		if err != nil {
			return
		}

		statement, err := sqlparser.Parse(queryPrefix + own + " AND " + restricted)
		require.NoError(t, err)

		selected := statement.(*sqlparser.Select)
		require.Nil(t, selected.GroupBy)
		require.Nil(t, selected.OrderBy)
		require.Nil(t, selected.Limit)

		both := selected.Where.Expr.(*sqlparser.AndExpr)
		require.Equal(t, own, sqlparser.String(both.Left))
		require.Equal(t, restricted, sqlparser.String(both.Right))
		require.IsType(t, &sqlparser.ParenExpr{}, both.Right)

		again, err := restriction(restricted)
		require.NoError(t, err)
		require.Equal(t, "("+restricted+")", again)
	})
}
