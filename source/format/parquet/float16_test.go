package parquet //nolint:testpackage // float16 is not exported.

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFloat16ConvertsEveryValue compares all 65,536 values with the formula of IEEE 754, and with the bits of a float64.
func TestFloat16ConvertsEveryValue(t *testing.T) {
	t.Parallel()

	for bits := range 1 << 16 {
		sign, exponent, fraction := uint64(bits>>15), bits>>10&0x1f, bits&0x3ff
		got := float16(uint16(bits))

		switch {
		case exponent == 31 && fraction != 0:
			require.True(t, math.IsNaN(got), "%#04x", bits)

			continue
		case exponent == 31:
			require.True(t, math.IsInf(got, 1-2*int(sign)), "%#04x", bits)

			continue
		case exponent == 0:
			want := math.Copysign(float64(fraction)*math.Pow(2, -24), 1-2*float64(sign))
			require.Equal(t, math.Float64bits(want), math.Float64bits(got), "%#04x", bits)

			continue
		}

		// A normal number has the same fraction in both, followed by zeros, and an exponent with another bias.
		want := sign<<63 | uint64(exponent-15+1023)<<52 | uint64(fraction)<<42
		require.Equal(t, want, math.Float64bits(got), "%#04x", bits)
	}
}

func TestFloat16OfKnownValues(t *testing.T) {
	t.Parallel()

	for bits, want := range map[uint16]float64{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x3555: 0.333251953125, 0x7c00: math.Inf(1),
	} {
		require.Equal(t, want, float16(bits), "%#04x", bits) //nolint:testifylint // The value is exact.
	}
}
