// Package cli has what the commands of both binaries share: how they end, how they report addresses that they can't listen on,
// and the files from which servers take their flags.
package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// ExitError ends a process with a status other than 1. Without an error, the process prints nothing: the command has
// already reported the reason.
type ExitError struct {
	Status int
	Err    error
}

func (e ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}

	return e.Err.Error()
}

func (e ExitError) Unwrap() error { return e.Err }

// ErrInterrupted is the cause of the end of a command's context if SIGINT has ended it, which Ctrl-C sends.
var ErrInterrupted = errors.New("interrupted")

// Run executes the root command of a binary and returns the exit status. The command's context ends at the first SIGINT or
// SIGTERM; a second one ends the process at once.
func Run(root *cobra.Command) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	go func() {
		received := <-signals
		signal.Stop(signals)

		if received == os.Interrupt {
			cancel(ErrInterrupted)
		} else {
			cancel(nil)
		}
	}()

	root.SilenceUsage, root.SilenceErrors = true, true

	return Report(root.ExecuteContext(ctx), root.Name(), root.ErrOrStderr())
}

// Report prints the error of a command and returns the exit status of the process.
func Report(err error, binary string, out io.Writer) int {
	if err == nil {
		return 0
	}

	exit, ok := errors.AsType[ExitError](err)
	if !ok {
		exit = ExitError{Status: 1, Err: err}
	}

	if exit.Err != nil {
		_, _ = fmt.Fprintf(out, "%s: %v\n", binary, exit.Err) // An error of the terminal can't be reported.
	}

	return exit.Status
}

// Listen listens on the TCP address of a flag such as --http. The error names the flag and the remedy.
func Listen(flag, address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("%s %q is not an address; write host:port, for example 127.0.0.1:8080", flag, address)
	}

	listener, err := net.Listen("tcp", address)

	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: %w; choose another address, or port 0 for a free port", flag, address, syscall.EADDRINUSE)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s: %w; choose a port above 1023, or port 0 for a free port", flag, address, syscall.EACCES)
	case err != nil:
		cause := err
		if operation, ok := errors.AsType[*net.OpError](err); ok {
			cause = operation.Err
		}

		return nil, fmt.Errorf("%s %s: can't listen on this address: %w", flag, address, cause)
	}

	return listener, nil
}

// readHeaderTimeout limits the time for the header of a request to the endpoints of operators.
const readHeaderTimeout = 10 * time.Second

// Serve serves endpoints for operators at the TCP address of a flag until the server is closed, and returns the address with
// its port. It serves HTTPS if secured is not nil. It calls failed if the server fails. Without an address, it serves nothing.
func Serve(
	flag, address string, secured *tls.Config, endpoints http.Handler, log *slog.Logger, failed func(error),
) (*http.Server, string, error) {
	server := &http.Server{
		Handler: endpoints, ReadHeaderTimeout: readHeaderTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		TLSConfig: secured.Clone(), // The server changes it.
	}
	if address == "" {
		return server, "", nil
	}

	listener, err := Listen(flag, address)
	if err != nil {
		return nil, "", err
	}

	serve := server.Serve
	if secured != nil {
		serve = func(listener net.Listener) error { return server.ServeTLS(listener, "", "") }
	}

	go func() {
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	}()

	return server, listener.Addr().String(), nil
}
