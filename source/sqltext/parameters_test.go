package sqltext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source/sqltext"
)

func TestParametersAreThoseThatBindReplaces(t *testing.T) {
	t.Parallel()

	for text, want := range map[string][]string{
		"SELECT 1": nil,
		"SELECT :b, :a, :b -- :c\n; INSERT INTO t VALUES (':d', :e_1)": {"b", "a", "e_1"},
		"SELECT a::text FROM t WHERE t.b = :b":                         {"b"},
	} {
		require.Equal(t, want, sqltext.PostgreSQL.Parameters(text), text)
	}
}
