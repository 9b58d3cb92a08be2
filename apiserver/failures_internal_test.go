package apiserver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

func TestFailuresOfAnAddressAreLimited(t *testing.T) {
	t.Parallel()

	limited := failures{perMinute: 20, limiters: map[netip.Prefix]*rate.Limiter{}}
	now := time.Now()
	attacker, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")

	for range 20 {
		require.Zero(t, limited.record(attacker, now))
	}

	require.Equal(t, 3*time.Second, limited.record(attacker, now))
	require.Equal(t, 3*time.Second, limited.record(attacker, now), "a refused attempt does not extend the wait")
	require.NotZero(t, limited.record(netip.MustParseAddr("::ffff:192.0.2.1"), now), "the same address")
	require.Zero(t, limited.record(other, now))

	require.Zero(t, limited.record(attacker, now.Add(3*time.Second)))
	require.NotZero(t, limited.record(attacker, now.Add(3*time.Second)))
}

func TestFailuresOfAnIPv6NetworkShareOneLimit(t *testing.T) {
	t.Parallel()

	limited := failures{perMinute: 1, limiters: map[netip.Prefix]*rate.Limiter{}}
	now := time.Now()

	require.Zero(t, limited.record(netip.MustParseAddr("2001:db8::1"), now))
	require.NotZero(t, limited.record(netip.MustParseAddr("2001:db8::2"), now))
	require.Zero(t, limited.record(netip.MustParseAddr("2001:db8:0:1::1"), now))
}

func TestFailuresOfManyAddressesUseBoundedMemory(t *testing.T) {
	t.Parallel()

	limited := failures{perMinute: 20, limiters: map[netip.Prefix]*rate.Limiter{}}
	now := time.Now()
	address := netip.MustParseAddr("10.0.0.0")

	for range 2 * maxFailureAddresses {
		limited.record(address, now)
		address = address.Next()
	}

	require.LessOrEqual(t, len(limited.limiters), maxFailureAddresses+1)
	require.NotZero(t, limited.record(address, now), "addresses beyond the limit share one")

	require.Zero(t, limited.record(address, now.Add(time.Minute)), "addresses without failures for a minute are forgotten")
	require.Len(t, limited.limiters, 1)
}
