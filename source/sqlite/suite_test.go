package sqlite_test

import (
	"math"
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
