package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/metrics"
	"github.com/jobwright/jobwright/internal/temporalclient"
	"github.com/jobwright/jobwright/internal/temporalclient/encryption"
	"github.com/jobwright/jobwright/internal/tracing"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/result"
)

// systemFlags are the flags that API servers and workers have in common.
type systemFlags struct {
	apps, results string
	secrets       app.Secrets
	payloads      payloadFlags
	tls           cli.TLSFlags
	grace         time.Duration
	log           cli.LogFlags
}

// addTo adds the flags to those of a command. After SIGTERM, the command lets the running work finish.
func (f *systemFlags) addTo(flags *pflag.FlagSet, running string) {
	flags.StringVar(&f.apps, "apps", "apps", "folder with the apps")
	flags.StringVar(&f.results, "results", "results",
		"result store, a folder or the URL of a bucket; the same for all API servers and workers")
	cli.AddSecrets(flags, &f.secrets)
	f.payloads.addTo(flags)
	cli.AddEncryptPayloads(flags, &f.payloads.encrypt)
	f.tls.AddTo(flags)
	flags.DurationVar(&f.grace, "grace", 30*time.Second, "time for running "+running+" to finish after SIGTERM")
	f.log.AddTo(flags, cli.LogJSON, slog.LevelInfo)
}

// system is what API servers and workers have in common.
type system struct {
	log       *slog.Logger
	apps      *app.Catalog
	keys      seal.Keys
	codec     *encryption.Codec // Of the payloads of the client.
	results   *result.Store
	temporal  client.Client
	ends      temporalclient.Ends // The ends of the jobs that a worker of the client runs.
	address   string              // The address of Temporal.
	namespace string
	metrics   client.MetricsHandler
	endpoint  http.Handler // Serves /metrics.
	tls       *tls.Config  // Of all servers of the process; nil for plain HTTP.
	tracing   *tracing.Tracing
	lineage   openlineage.Options

	// startsElsewhere is whether new jobs must not start at once in a worker of this process, because its version runs not all of
	// them.
	startsElsewhere atomic.Bool
}

// openSystem opens the folder of the apps and the result store. The client connects to Temporal when it is used, so that
// Temporal may start later.
func openSystem(ctx context.Context, flags *systemFlags, logs io.Writer) (*system, error) {
	keys, codec, err := flags.payloads.load()
	if err != nil {
		return nil, err
	}

	opened := &system{log: flags.log.Logger(logs), keys: keys, codec: codec}

	if opened.tls, err = flags.tls.Config(opened.log); err != nil {
		return nil, err
	}

	if opened.lineage, err = openlineage.FromEnvironment(); err != nil {
		return nil, err
	}

	if opened.metrics, opened.endpoint, err = metrics.New(); err != nil {
		return nil, err
	}

	reported := app.Options{Secrets: flags.secrets, Loaded: cli.ReportApps(opened.log, opened.metrics)}
	if opened.apps, err = openApps(flags.apps, reported); err != nil {
		return nil, err
	}

	if folder, isFolder := result.Folder(flags.results); isFolder {
		if err := opened.apps.CheckFolder(folder); err != nil {
			return nil, fmt.Errorf("--results %s: %w", flags.results, err)
		}
	}

	options, err := clientOptions(opened.log)
	if err != nil {
		return nil, err
	}

	if opened.tracing, err = tracing.Start(ctx, "jobwright", version.Get().Version); err == nil {
		err = opened.tracing.AddTo(&options)
	}

	if err != nil {
		return nil, fmt.Errorf("the configuration of traces is invalid (environment variables OTEL_…): %w", err)
	}

	options.MetricsHandler = opened.metrics
	opened.codec.AddTo(&options)
	opened.ends.AddTo(&options)
	opened.address, opened.namespace = options.HostPort, options.Namespace

	if opened.results, err = result.Open(ctx, flags.results); err != nil {
		return nil, fmt.Errorf("--results: %w", err)
	}

	if opened.temporal, err = client.NewLazyClient(options); err != nil {
		return nil, errors.Join(err, opened.results.Close())
	}

	return opened, nil
}

// attributes returns what is logged when a part of Jobwright has started, after its own attributes.
func (s *system) attributes(own ...any) []any {
	return append(own, "temporal", s.address, "namespace", s.namespace, "build", version.Get())
}

// closeTimeout limits the time for sending the last traces.
const closeTimeout = 5 * time.Second

func (s *system) close() error {
	s.temporal.Close()

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()

	return errors.Join(s.tracing.Stop(ctx), s.results.Close())
}

// openApps opens the folder given by --apps.
func openApps(dir string, options app.Options) (*app.Catalog, error) {
	apps, err := app.Open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("--apps %s: %w", dir, err)
	}

	return apps, nil
}

// clientOptions returns the configuration of the Temporal client, which is the environment variables and profiles of
// Temporal's own tools.
func clientOptions(log *slog.Logger) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return options, fmt.Errorf(
			"the configuration of the Temporal client is invalid (environment variables TEMPORAL_… and temporal.toml): %w", err)
	}

	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}

	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}

	temporalclient.Configure(&options, log)

	return options, nil
}

// dial connects a command to Temporal. The codec decodes its payloads, unless it is nil.
func dial(ctx context.Context, codec *encryption.Codec) (client.Client, client.Options, error) {
	options, err := clientOptions(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, options, err
	}

	if codec != nil {
		codec.AddTo(&options)
	}

	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		err = notReached(options, err)
	}

	return temporal, options, err
}

// notReached returns the error of a command that can't reach Temporal.
func notReached(options client.Options, err error) error {
	return fmt.Errorf("can't reach Temporal at %s, set its address with TEMPORAL_ADDRESS: %w", options.HostPort, err)
}
