package temporalserver

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReserveReplacesPortZeroByAFreePort(t *testing.T) {
	t.Parallel()

	address, err := Reserve("127.0.0.1:0")
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

	_, err = Reserve(used.Addr().String())
	require.ErrorContains(t, err, "the address "+used.Addr().String()+" can't be used")
}
