package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
)

func TestOverlapsResolvesSchema(t *testing.T) {
	t.Parallel()

	stage := open(t, testserver.PostgreSQL(t))

	_, err := stage.Execute(t.Context(), source.Script{Text: `CREATE TABLE public."There" (a integer)`})
	require.NoError(t, err)

	for _, name := range []string{"There", "there", "missing"} {
		for _, space := range []string{"", "public", "other"} {
			for _, other := range []string{"There", "there", "missing"} {
				same, err := stage.Overlaps(t.Context(), source.Table{Name: name}, source.Table{Space: space, Name: other})
				require.NoError(t, err)
				require.Equal(t, name == other && space != "other", same, "%s and %s.%s", name, space, other)
			}
		}
	}
}
