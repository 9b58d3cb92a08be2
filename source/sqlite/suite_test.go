package sqlite_test

import (
	"math"
	"strings"
	"testing"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestDriverFulfillsContract(t *testing.T) {
	t.Parallel()

	sourcetest.Suite{
		Ledger: true,
		Open: func(t *testing.T) source.Source {
			t.Helper()

			return open(t, t.TempDir())
		},
		Refuses: func(_ source.Standard, value any) bool {
			float, isFloat := value.(float64)

			return isFloat && math.IsNaN(float)
		},
		Becomes: sourcetest.UnsignedZero,
	}.Run(t)
}

func TestQueryTakesNoMemoryForAnOversizedRecord(t *testing.T) {
	t.Parallel()

	sourcetest.RequireLimited(t, open(t, t.TempDir()),
		"SELECT hex(zeroblob(400000000))",
		"SELECT printf('%.*c', 900000000, 'x')",
		"SELECT zeroblob(900000000)",
		"SELECT 1 UNION ALL SELECT replace(hex(zeroblob(30000000)), '0', 'xxxxxxxxxx')",
		"SELECT zeroblob(60000000), zeroblob(60000000)",
		"SELECT "+strings.Repeat("hex(zeroblob(30000000)), ", 20)+"1",
		"SELECT length("+strings.Repeat("hex(zeroblob(30000000)) || ", 20)+"'')",
		"SELECT length(concat("+strings.Repeat("hex(zeroblob(30000000)), ", 20)+"''))",
		"SELECT x'', x'' UNION ALL SELECT * FROM (WITH large(v) AS (SELECT hex(zeroblob(30000000))) "+
			"SELECT a.v || '1', b.v || '2' FROM large a, large b, large c, large d, large e, large f)",
		"SELECT x'', x'' UNION ALL SELECT zeroblob(60000000), zeroblob(60000000)",
	)
}
