package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/jobwright/jobwright/internal/cli"
)

// addresses are where the process listens.
type addresses struct {
	api      net.Listener
	temporal string
	ui       string
}

// listen checks that the addresses of all flags are free, and replaces port 0 by a free port. Temporal and its UI open
// their own listeners: without this check, an address in use would end the process with a log line of theirs.
func listen(opts options) (addresses, error) {
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

			return addresses{}, err
		}

		listeners = append(listeners, listener)
	}

	found := addresses{
		api: listeners[0], temporal: listeners[1].Addr().String(), ui: listeners[2].Addr().String(),
	}

	closeFrom(1)

	return found, nil
}
