package files_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestDescribeReadsFirstFileOfPattern(t *testing.T) {
	t.Parallel()

	store := open(t, "files", map[string]string{"a1.txt": "id;name\n", "a2.txt": "other\n"})

	schema, err := store.Describe(t.Context(), named("a*.txt"), source.Format{Type: "csv", Separator: ";"})
	require.NoError(t, err)
	require.Equal(t, []string{"id", "name"}, schema.Names())

	_, err = store.Describe(t.Context(), named("b*.txt"), source.Format{Type: "csv"})
	requireProblem(t, err, source.CodeTableNotFound, "b*.txt", "no file matches the pattern")
}

func TestOverlapsMatchesPatterns(t *testing.T) {
	t.Parallel()

	store := open(t, "files", map[string]string{"shared/ab.csv": "", "shared/b.csv": ""})

	for _, test := range []struct {
		a, b source.Table
		want bool
	}{
		{named("t.csv"), named("t.csv"), true},
		{named("t.csv"), named("./x/../t.csv"), true},
		{named("t.csv"), named("T.csv"), false},
		{named("x/t.csv"), source.Table{Space: "x", Name: "t.csv"}, true},
		{named("x/t.csv"), source.Table{Space: "y", Name: "t.csv"}, false},
		{named("t*.csv"), named("t1.csv"), true},
		{named("t*.csv"), named("u1.csv"), false},
		{named("t*.csv"), named("x/t1.csv"), false},
		{named("*.csv"), named(".hidden.csv"), false},
		{named("**"), named("x/t1.csv"), true},
		{source.Table{Space: "x*", Name: "*.csv"}, source.Table{Space: "x*", Name: "t.csv"}, true},
		{source.Table{Space: "x*", Name: "*.csv"}, named("xy/t.csv"), false},
		{named(`t\*.csv`), named(`t\*.csv`), true},
		{named(`t\*.csv`), named("t1.csv"), false},
		{named("t?.csv"), named(`t\*.csv`), true},
		{named(`t\*.csv`), named(`t[*].csv`), true},
		{source.Table{Space: "shared", Name: "a*.csv"}, named("shared/*b.csv"), true},
		{named("shared/a*.csv"), named("shared/b*.csv"), false},
	} {
		for _, pair := range [][2]source.Table{{test.a, test.b}, {test.b, test.a}} {
			overlap, err := store.Overlaps(t.Context(), pair[0], pair[1])
			require.NoError(t, err)
			require.Equal(t, test.want, overlap, "%s and %s", pair[0], pair[1])
		}
	}

	_, err := store.Overlaps(t.Context(), named("t.csv"), named("../t.csv"))
	requireProblem(t, err, source.CodeUnavailable, "../t.csv", "escapes")
}
