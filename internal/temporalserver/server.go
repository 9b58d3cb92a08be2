// Package temporalserver runs a Temporal server with its UI inside the process, for development and tests. It stores its state in
// SQLite files, which survive the death of the process at any moment.
package temporalserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/server/temporal"

	"github.com/jobwright/jobwright/internal/browser"
)

// Options configure a server.
type Options struct {
	DataDir          string                 // The folder for the databases and the log. Start creates it if it is missing.
	Address          string                 // The address of the frontend, host:port. Port 0 selects a free one.
	UIAddress        string                 // The address of the UI. Empty for no UI.
	UIHosts          browser.Hosts          // The hosts by which browsers may address the UI, beside those of this machine.
	Codec            converter.PayloadCodec // Decodes payloads for the UI; nil for none.
	Namespace        string                 // The name of the namespace, which a new database gets.
	Retention        time.Duration          // The retention of closed workflows in a new namespace.
	SearchAttributes map[string]enumspb.IndexedValueType

	// Durable makes each commit survive a power cut. Without it, each commit survives the death of the process, and a power cut
	// can undo the commits of about the last second.
	Durable bool

	// Nexus lets workflows call Nexus operations, for which Temporal opens its HTTP API on another free loopback port.
	Nexus bool

	// SuggestContinueAsNew is the number of events after which the server suggests that a workflow continues as new. 0 means
	// Temporal's default.
	SuggestContinueAsNew int

	// DrainInterval is how often the server checks whether a version of workers has drained, and how long it waits before. 0
	// means Temporal's defaults, of minutes.
	DrainInterval time.Duration
}

// Server is a running server.
type Server struct {
	server      temporal.Server
	ui          *http.Server
	lock        *flock.Flock
	address     string
	uiAddress   string
	namespace   string
	checkpoints *checkpointer
	open        []*commonpb.WorkflowExecution // The workflows that were open before the start.
}

// Start starts a server. The frontend may not accept requests immediately. The error explains if an address is in use or
// another process uses the folder.
func Start(options Options) (*Server, error) {
	if err := os.MkdirAll(options.DataDir, 0o750); err != nil {
		return nil, err
	}

	s := &Server{lock: flock.New(filepath.Join(options.DataDir, "lock"))}

	locked, err := s.lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("another process uses the folder %s; choose another one", options.DataDir)
	}

	if err != nil {
		return nil, err
	}

	if err := s.start(options); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}

	return s, nil
}

func (s *Server) start(options Options) error {
	var (
		ports Ports
		err   error
	)

	defer ports.Release()

	if s.address, err = ports.Reserve(options.Address); err != nil {
		return err
	}

	if options.UIAddress != "" {
		if s.uiAddress, err = ports.Reserve(options.UIAddress); err != nil {
			return err
		}
	}

	ctx := context.Background()

	files, err := openDatabases(ctx, options)
	if err != nil {
		return err
	}

	s.namespace = options.Namespace
	if s.open, err = openExecutions(ctx, files.state.DatabaseName, options.Namespace); err != nil {
		return err
	}

	logger := NewLogger(options.DataDir)
	storage := Storage{State: files.state, Visibility: files.visibility, HistoryShards: 1}
	if s.server, err = NewServer(s.address, &ports, storage, options.Nexus, dynamicConfig(options), logger); err != nil {
		return err
	}

	if err := s.server.Start(); err != nil {
		return err
	}

	// The state first: if it marks the task of a record as done, the checkpoint of the visibility, which follows, has the record.
	s.checkpoints, err = openCheckpointer(logger, files.state.DatabaseName, files.visibility.DatabaseName)
	if err != nil {
		return err
	}

	s.checkpoints.start()

	return s.startUI(options)
}

// Address returns the address of the frontend, host:port.
func (s *Server) Address() string { return s.address }

// UIAddress returns the address of the UI, host:port.
func (s *Server) UIAddress() string { return s.uiAddress }

// Stop stops the server and releases the folder.
func (s *Server) Stop() error {
	var err error
	if s.ui != nil {
		err = s.ui.Close()
	}

	return errors.Join(err, s.server.Stop(), s.checkpoints.stop(), s.lock.Unlock())
}

// Ports that replace port 0. Operating systems assign higher ports to connections, so no connection can take such a port
// between the reservation and the start of the server.
const (
	firstFreePort = 20_000
	freePorts     = 12_000
	portAttempts  = 100
)

// Ports reserves free ports for a server until it has started. The zero value has none.
type Ports struct {
	reserved []net.PacketConn // A UDP socket for each TCP port: other processes that reserve ports do not choose the same.
}

// Reserve returns an address that is free. It replaces port 0 by a free port, and reserves it until Release.
func (p *Ports) Reserve(address string) (string, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return "", err
	}

	for attempt := 1; ; attempt++ {
		candidate, err := address, error(nil)
		if port == 0 {
			free := firstFreePort + rand.IntN(freePorts) //nolint:gosec // A port is not a secret.
			candidate = net.JoinHostPort(host, strconv.Itoa(free))
			err = p.exclude(candidate)
		}

		var listener net.Listener
		if err == nil {
			listener, err = net.Listen("tcp", candidate)
		}

		if err == nil {
			return listener.Addr().String(), listener.Close()
		}

		if port != 0 || attempt == portAttempts {
			return "", fmt.Errorf("the address %s can't be used: %w", candidate, err)
		}
	}
}

// exclude keeps other processes from reserving the address. The error says that one has done so.
func (p *Ports) exclude(address string) error {
	socket, err := net.ListenPacket("udp", address) //nolint:noctx // It does not wait.
	if err == nil {
		p.reserved = append(p.reserved, socket)
	}

	return err
}

// Release ends the reservations.
func (p *Ports) Release() {
	for _, socket := range p.reserved {
		_ = socket.Close() // It has neither sent nor received anything.
	}

	p.reserved = nil
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}

	port, err = strconv.Atoi(text)

	return host, port, err
}
