package temporalserver

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReserveReplacesPortZeroByAFreePort(t *testing.T) {
	t.Parallel()

	var ports Ports
	defer ports.Release()

	address, err := ports.Reserve("127.0.0.1:0")
	require.NoError(t, err)

	_, port, err := splitAddress(address)
	require.NoError(t, err)
	require.GreaterOrEqual(t, port, firstFreePort)
	require.Less(t, port, firstFreePort+freePorts)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

func TestReserveRefusesAnAddressInUse(t *testing.T) {
	t.Parallel()

	used, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, used.Close()) })

	var ports Ports
	defer ports.Release()

	_, err = ports.Reserve(used.Addr().String())
	require.ErrorContains(t, err, "the address "+used.Addr().String()+" can't be used")
}

// The reservation lasts, so that two servers that start at the same time do not choose the same port.
func TestReserveExcludesAPortUntilRelease(t *testing.T) {
	t.Parallel()

	var first, second Ports
	defer second.Release()

	address, err := first.Reserve("127.0.0.1:0")
	require.NoError(t, err)
	require.Error(t, second.exclude(address))

	first.Release()
	require.NoError(t, second.exclude(address))
}
