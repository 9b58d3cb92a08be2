package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

func TestReportPrintsOneLineAndReturnsTheExitStatus(t *testing.T) {
	t.Parallel()

	cause := errors.New("no such file")

	for name, row := range map[string]struct {
		err     error
		status  int
		printed string
	}{
		"success":                   {nil, 0, ""},
		"an error":                  {cause, 1, "tool: no such file\n"},
		"a status":                  {cli.ExitError{Status: 2, Err: cause}, 2, "tool: no such file\n"},
		"a status in an error":      {fmt.Errorf("x: %w", cli.ExitError{Status: 2, Err: cause}), 2, "tool: no such file\n"},
		"an error already reported": {cli.ExitError{Status: 1}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var out bytes.Buffer

			require.Equal(t, row.status, cli.Report(row.err, "tool", &out))
			require.Equal(t, row.printed, out.String())
		})
	}
}

func TestListenErrorsNameTheFlag(t *testing.T) {
	t.Parallel()

	used, err := cli.Listen("--http", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, used.Close()) })

	for address, want := range map[string]string{
		used.Addr().String(): "--http " + used.Addr().String() +
			": address already in use; choose another address, or port 0 for a free port",
		"8080":               `--http "8080" is not an address; write host:port, for example 127.0.0.1:8080`,
		"":                   `--http "" is not an address; write host:port, for example 127.0.0.1:8080`,
		"127.0.0.1:99999":    "--http 127.0.0.1:99999: can't listen on this address: address 99999: invalid port",
		"203.0.113.1:0":      "--http 203.0.113.1:0: can't listen on this address: bind: cannot assign requested address",
		"no.such.invalid:80": "",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()

			listener, err := cli.Listen("--http", address)
			require.Nil(t, listener)

			if want == "" { // The resolver's words differ between machines.
				require.ErrorContains(t, err, "--http "+address+": can't listen on this address: ")
			} else {
				require.EqualError(t, err, want)
			}

			_, isNetwork := errors.AsType[*net.OpError](err)
			require.False(t, isNetwork, "the message does not repeat the address")
		})
	}
}
