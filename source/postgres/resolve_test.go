package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
)

func TestATableIsTheSameWithItsSchemaAndWithout(t *testing.T) {
	t.Parallel()

	stage := open(t, testserver.PostgreSQL(t))

	_, err := stage.Execute(t.Context(), source.Script{Text: `CREATE TABLE public."There" (a integer)`})
	require.NoError(t, err)

	for _, name := range []string{"There", "there", "missing"} {
		for _, space := range []string{"", "public", "other"} {
			resolved, err := stage.ResolveTable(t.Context(), source.Table{Space: space, Name: name})
			require.NoError(t, err)

			if space == "" {
				space = "public"
			}

			require.Equal(t, source.Table{Space: space, Name: name}, resolved)
		}
	}
}
