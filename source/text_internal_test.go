package source

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAppendFloatHasTheFormOfStrconv(t *testing.T) {
	t.Parallel()

	check := func(t require.TestingT, value float64) {
		require.Equal(t, strconv.FormatFloat(value, 'g', -1, 64), string(appendFloat(nil, value)))
	}

	for _, value := range []float64{
		0, math.Copysign(0, -1), 1e-4, 1e-5, 0.99995, 0.00015, 999999, 999999.9999, 999999.99995, 1e6, -1e6, 123456.7, 305.65, 0.1 + 0.2,
		math.Nextafter(305.65, 306), math.Nextafter(1e6, 0), math.Nextafter(1e-4, 0), math.SmallestNonzeroFloat64, math.MaxFloat64,
	} {
		check(t, value)
	}

	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.Float64().Filter(func(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }).Draw(t, "any"))
		check(t, float64(rapid.Int64Range(-1e11, 1e11).Draw(t, "digits"))/rapid.SampledFrom([]float64{1, 10, 100, 1e3, 1e4, 1e5}).Draw(t, "scale"))
		check(t, rapid.Float64Range(-1e6, 1e6).Draw(t, "small"))
	})
}

func TestAppendDateHasTheFormOfPackageTime(t *testing.T) {
	t.Parallel()

	for days := int64(firstDate); days <= lastDate; days++ {
		if text, err := appendDate(nil, days); err != nil || days%101 == 0 || days < firstDate+800 {
			require.NoError(t, err)
			require.Equal(t, time.Unix(days*secondsOfDay, 0).UTC().Format(time.DateOnly), string(text))
		}
	}

	for _, days := range []int64{firstDate - 1, lastDate + 1, math.MaxInt32, math.MinInt32} {
		_, err := appendDate(nil, days)
		require.ErrorContains(t, err, "has no text form")
	}
}
