package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/replay"
)

// apiFlags are the flags of a process that serves the API.
type apiFlags struct {
	http, metrics  string
	allowedHosts   []string
	maxConnections int
	temporalUI     string
	codecOrigin    string
	auditLog       string
	console        consoleFlags
	oidc           oidc.Options
}

// addTo adds the flags to those of a command. At the address of --metrics, the command serves the endpoints for operators.
func (f *apiFlags) addTo(flags *pflag.FlagSet, endpoints string) {
	flags.StringVar(&f.http, "http", "127.0.0.1:8080", "address to listen on; port 0 picks a free port")
	f.console.addTo(flags)
	flags.StringVar(&f.metrics, "metrics", "", "address for "+endpoints+"; by default, none")
	flags.IntVar(&f.maxConnections, "max-connections", apiserver.DefaultMaxConnections,
		"number of open connections after which new ones wait")
	flags.StringSliceVar(&f.allowedHosts, "allowed-host", nil,
		"name or address by which clients reach the server, for example jobs.example.com; repeatable")
	flags.StringVar(&f.temporalUI, "temporal-ui", "",
		"URL of Temporal UI, for links to it, for example https://temporal.example.com; by default, none")
	flags.StringVar(&f.codecOrigin, "codec-origin", "",
		"origin of Temporal UI, whose pages may decode payloads, for example https://temporal.example.com; by default, none")
	cli.AddAuditLog(flags, &f.auditLog, cli.AuditToStderr)
	flags.StringVar(&f.oidc.Issuer, "oidc-issuer", "",
		"URL of an OpenID Connect provider whose access tokens the server accepts; by default, none")
	flags.StringVar(&f.oidc.Audience, "oidc-audience", "", "audience that these tokens must have")
}

// listen listens on the address of the API.
func (f *apiFlags) listen() (net.Listener, error) {
	if f.maxConnections < 1 {
		return nil, fmt.Errorf("--max-connections must be at least 1, not %d", f.maxConnections)
	}

	return cli.Listen("--http", f.http)
}

// serveOperators serves the endpoints for operators at the address of --metrics, and returns the address with its port.
func (f *apiFlags) serveOperators(endpoints http.Handler, opened *system) (*http.Server, string, error) {
	return cli.Serve("--metrics", f.metrics, opened.tls, endpoints, opened.log, func(err error) {
		opened.log.Error("metrics are no longer served", "error", err)
	})
}

// options returns the options of an API server of the system. ends reports the ends of jobs that run in this process. Until ctx
// is done, SIGHUP opens the audit log again; the caller closes it.
func (f *apiFlags) options(
	ctx context.Context, opened *system, ends jobservice.Ends, stderr io.Writer,
) (apiserver.Options, error) {
	options := apiserver.Options{
		Apps: opened.apps, Results: opened.results, Log: opened.log, Metrics: opened.metrics, Keys: opened.keys,
		Hosts: f.allowedHosts, MaxConnections: f.maxConnections, Codec: opened.codec, CodecOrigin: f.codecOrigin, TLS: opened.tls,
	}

	var err error

	if err = checkURL(f.temporalUI); err != nil {
		return options, fmt.Errorf("--temporal-ui: %w", err)
	}

	if err = checkOrigin(f.codecOrigin); err != nil {
		return options, fmt.Errorf("--codec-origin: %w", err)
	}

	if f.oidc != (oidc.Options{}) {
		if options.IdentityProvider, err = oidc.New(f.oidc); err != nil {
			return options, fmt.Errorf("--oidc-issuer and --oidc-audience: %w", err)
		}
	}

	if options.Audit, err = cli.OpenAuditLog(ctx, f.auditLog, stderr, opened.log); err != nil {
		return options, err
	}

	if options.Pages, err = f.console.pages(options, f.oidc.Issuer); err != nil {
		return options, err
	}

	options.Jobs = jobservice.New(jobservice.Options{
		Temporal: opened.temporal, Namespace: opened.namespace, Keys: opened.keys, Log: opened.log, Ends: ends,
		Converter:       opened.codec.Converter(),
		TemporalAddress: opened.address, TemporalUI: strings.TrimSuffix(f.temporalUI, "/"),
		StartsElsewhere: opened.startsElsewhere.Load,
		ReportsLineage:  opened.lineage.URL != "", Continuations: replay.New(opened.temporal, opened.codec.Converter()),
	})

	return options, nil
}

// checkURL returns an error unless a text is empty or the URL of a web page without credentials.
func checkURL(text string) error {
	if text == "" {
		return nil
	}

	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil {
		return errors.New("it must be the URL of a page without a user, for example https://temporal.example.com")
	}

	return nil
}

// checkOrigin returns an error unless a text is empty or an origin, as browsers write it.
func checkOrigin(text string) error {
	parsed, err := url.Parse(text)
	if text == "" || err == nil && checkURL(text) == nil && text == parsed.Scheme+"://"+strings.ToLower(parsed.Host) {
		return nil
	}

	return errors.New("it must be a scheme and a host in lower case, for example https://temporal.example.com")
}

func apiserverCommand() *cobra.Command {
	var (
		shared systemFlags
		api    apiFlags
	)

	command := &cobra.Command{
		Use:   "apiserver",
		Short: "Serve the job API over HTTP",
		Long: `Serve the job API over HTTP. The API server starts and observes jobs; workers run them.

Run one or more API servers behind a load balancer. They share no state except Temporal and the result
store, so they can be restarted at any time: calls that wait for a job get a response with status 202, and
the job continues.

Clients reach the server by localhost, by the address that it received the request at, and by the names
given by --allowed-host, such as the name under which a proxy publishes it. Requests to other hosts are
refused, because a web page can send them by pointing its own name at the server.

Besides the API, the server has health checks: GET /healthz responds with 200 while the process runs, and
GET /readyz while new jobs can run. With --metrics, it serves GET /metrics for Prometheus on an address of
its own, which callers need not reach. With --tls-cert and --tls-key, all addresses serve HTTPS.

The exit status is 0 after SIGINT or SIGTERM, and 1 on an error.` + environment(
			"  NAME                  key of an access that app.yaml declares as ${env:NAME}; see --env-prefix\n"+
				secretKeyVariable+clientSecretLine+openLineageVariables),
		Example: `  # Serve on all interfaces, with results in a folder that the workers share
  jobwright apiserver --http :8080 --apps /srv/apps --results /srv/results

  # Results in an S3 bucket
  jobwright apiserver --apps /srv/apps --results 's3://jobwright-results?region=eu-central-1'

  # Take the other flags from a file with lines such as "max-connections: 500"
  jobwright apiserver --config apiserver.yaml --apps /srv/apps --results /srv/results`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return serve(command.Context(), &shared, &api, nil, command.ErrOrStderr())
		},
	}

	api.addTo(command.Flags(), "metrics")
	shared.addTo(command.Flags(), "requests")
	cli.AddConfig(command)

	return command
}
