// Package temporalserver runs a whole Temporal, with its UI, inside the process: for development and for tests. What it
// keeps stands in one SQLite file, which survives the process's death at any moment.
package temporalserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
)

// Options say how the server runs.
type Options struct {
	DataDir          string // The folder for its database and its log; it is created when it is missing.
	Address          string // Where its frontend listens, host:port; port 0 takes a free one.
	UIAddress        string // Where its UI listens; empty for no UI.
	Namespace        string
	Retention        time.Duration // How long the namespace keeps what has ended.
	SearchAttributes map[string]enumspb.IndexedValueType

	// SuggestContinueAsNew is the number of events after which workflows are told to continue as new; Temporal's own
	// default when 0.
	SuggestContinueAsNew int
}

// Server is a running Temporal.
type Server struct {
	server    temporal.Server
	ui        *uiserver.Server
	lock      *flock.Flock
	address   string
	uiAddress string
}

// Start starts a Temporal. Its frontend answers soon after, not at once. The error says so when an address is taken or
// another process uses the folder.
func Start(options Options) (*Server, error) {
	if err := os.MkdirAll(options.DataDir, 0o750); err != nil {
		return nil, err
	}

	s := &Server{lock: flock.New(filepath.Join(options.DataDir, "lock"))}

	locked, err := s.lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("the folder %s is used by another process; give this one another folder", options.DataDir)
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
	var err error
	if s.address, err = reserve(options.Address); err != nil {
		return err
	}

	if options.UIAddress != "" {
		if s.uiAddress, err = reserve(options.UIAddress); err != nil {
			return err
		}
	}

	database, err := openDatabase(options)
	if err != nil {
		return err
	}

	configuration, err := configure(s.address, database)
	if err != nil {
		return err
	}

	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{
		Level: "warn", OutputFile: filepath.Join(options.DataDir, "temporal.log"),
	}))

	s.server, err = temporal.NewServer(
		temporal.WithConfig(configuration),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(staticHosts(configuration)),
		temporal.WithDynamicConfigClient(dynamicConfig(options)),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return err
	}

	if err := s.server.Start(); err != nil {
		return err
	}

	return s.startUI(options)
}

// startUI starts the UI. Its server ends the process when it can't listen, which reserve made unlikely.
func (s *Server) startUI(options Options) error {
	if s.uiAddress == "" {
		return nil
	}

	host, port, err := splitAddress(s.uiAddress)
	if err != nil {
		return err
	}

	s.ui = uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                host,
		Port:                port,
		TemporalGRPCAddress: s.address,
		DefaultNamespace:    options.Namespace,
		EnableUI:            true,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}))

	go s.ui.Start() //nolint:errcheck // It returns nil, or ends the process.

	return nil
}

// Address is where the frontend listens, host:port.
func (s *Server) Address() string { return s.address }

// UIAddress is where the UI listens, host:port.
func (s *Server) UIAddress() string { return s.uiAddress }

// Stop stops the server and gives the folder free.
func (s *Server) Stop() error {
	if s.ui != nil {
		s.ui.Stop()
	}

	return errors.Join(s.server.Stop(), s.lock.Unlock())
}

// reserve finds out whether the address is free, and which free port stands for port 0.
func reserve(address string) (string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("the address %s can't be used: %w", address, err)
	}

	return listener.Addr().String(), listener.Close()
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}

	port, err = strconv.Atoi(text)

	return host, port, err
}
