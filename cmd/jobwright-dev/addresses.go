package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/jobwright/jobwright/internal/cli"
)

// listen checks that the addresses of all flags are free, and returns the listener of the API. Temporal and its UI open their
// own listeners, and replace port 0 by a free port; without this check, an address in use would end the process with a log line
// of theirs.
func listen(opts options) (net.Listener, error) {
	flags := []struct{ name, address string }{{"--http", opts.http}, {"--temporal", opts.temporal}, {"--ui", opts.ui}}
	listeners := make([]net.Listener, 0, len(flags))

	closeFrom := func(first int) {
		for _, listener := range listeners[min(first, len(listeners)):] {
			listener.Close() //nolint:errcheck // Nothing is connected to it.
		}
	}

	for _, flag := range flags {
		listener, err := cli.Listen(flag.name, flag.address)

		if errors.Is(err, syscall.EADDRINUSE) {
			_, port, _ := net.SplitHostPort(flag.address)

			for i, other := range listeners {
				if _, used, _ := net.SplitHostPort(other.Addr().String()); used == port {
					err = fmt.Errorf("%s %s: %s uses this address too; choose another address, or port 0 for a free port",
						flag.name, flag.address, flags[i].name)
				}
			}
		}

		if err != nil {
			closeFrom(0)

			return nil, err
		}

		listeners = append(listeners, listener)
	}

	closeFrom(1)

	return listeners[0], nil
}
