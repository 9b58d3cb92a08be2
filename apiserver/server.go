// Package apiserver serves Jobwright's HTTP API. It authorizes callers, validates requests, starts a Temporal workflow for
// each job, and responds with the status and the results of jobs. It connects to no data source.
package apiserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"

	"github.com/jobwright/jobwright/apiserver/oidc"
	"github.com/jobwright/jobwright/apiserver/token"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/browser"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/schedule"
)

// Options configure a [Server].
type Options struct {
	Jobs    *jobservice.Service // The server closes it when it stops.
	Apps    *app.Catalog
	Results *result.Store
	Log     *slog.Logger
	Metrics client.MetricsHandler // Of calls; nil for none.

	// Audit gets a line for each call that changes something or is not permitted; nil for none. The caller closes it.
	Audit *audit.Log

	// Keys sign access tokens; all API servers have the same. Without a key, the server issues none.
	Keys seal.Keys

	// IdentityProvider verifies the access tokens of an OpenID Connect provider; nil for none.
	IdentityProvider *oidc.Verifier

	// Codec decodes payloads for Temporal UI and the command temporal; nil for none.
	Codec converter.PayloadCodec

	// CodecOrigin is the origin of Temporal UI, whose pages may call the codec endpoint, such as https://temporal.example.com;
	// empty for none.
	CodecOrigin string

	// Hosts are the hosts by which clients may address the server, in addition to those of this machine.
	Hosts browser.Hosts

	// LoopbackKey is a key for every app that is accepted only from this machine; empty for none.
	LoopbackKey string

	// WellKnownKey is a second such key, which is not secret: browsers can't use it, because any web page could.
	WellKnownKey string

	// TLS makes [Server.Serve] serve HTTPS; nil for plain HTTP.
	TLS *tls.Config

	// Pages returns the handler of the requests that are not for the API, to which it makes calls; nil for none.
	Pages func(api http.Handler) http.Handler

	// DefaultWait is the wait of calls without waitSeconds; 0 means [DefaultWait].
	DefaultWait time.Duration

	// MaxConnections is the number of open connections after which new ones wait; 0 means [DefaultMaxConnections].
	MaxConnections int

	// MaxFailures is the number of failed authentications in a minute after which an address gets 429 instead of 401; 0 means
	// [DefaultMaxFailures].
	MaxFailures int

	// BodyTimeout is how long the body of a request may take to arrive; 0 means [DefaultBodyTimeout].
	BodyTimeout time.Duration

	// StallTimeout is how long a client may receive nothing of a response before the server closes the connection; 0 means
	// [DefaultStallTimeout].
	StallTimeout time.Duration
}

// DefaultWait and MaximumWait limit how long a call waits for the job's end before the server responds with 202.
const (
	DefaultWait = 5 * time.Minute
	MaximumWait = time.Hour
)

// apiPath begins the path of every call.
const apiPath = "/api/v1"

// Server is the HTTP handler of the API. Create it with [New].
type Server struct {
	options   Options
	engine    *gin.Engine
	handler   http.Handler // The engine with compression.
	jobs      *jobservice.Service
	tokens    *token.Issuer
	schedules *schedule.Service
	failures  failures
	quotas    callQuotas
	draining  atomic.Bool     // Whether the server stops.
	byPath    map[string]call // The calls, by their paths.
	pages     http.Handler    // The web pages; nil for none.

	described func() (*description, error) // Describes the API, once.
	watching  atomic.Int64                 // The number of calls of watchJob.
}

// New returns a server. It accepts connections in [Server.Serve].
func New(options Options) *Server {
	gin.SetMode(gin.ReleaseMode)

	s := &Server{
		options: options, engine: gin.New(), jobs: options.Jobs, tokens: token.NewIssuer(options.Keys),
		schedules: schedule.New(options.Jobs, options.Apps),
		failures:  failures{limiters: make(map[netip.Prefix]*rate.Limiter)}, byPath: map[string]call{},
	}

	s.options.Metrics = cmp.Or(options.Metrics, client.MetricsNopHandler)
	s.described = sync.OnceValues(s.describe)
	s.options.DefaultWait = cmp.Or(options.DefaultWait, DefaultWait)
	s.options.MaxConnections = cmp.Or(options.MaxConnections, DefaultMaxConnections)
	s.failures.perMinute = cmp.Or(options.MaxFailures, DefaultMaxFailures)
	s.options.BodyTimeout = cmp.Or(options.BodyTimeout, DefaultBodyTimeout)
	s.options.StallTimeout = cmp.Or(options.StallTimeout, DefaultStallTimeout)

	s.engine.HandleMethodNotAllowed = true
	s.engine.RedirectTrailingSlash = false // A redirect repeats the query, which may contain a key.
	s.engine.Use(s.logCall, s.measureCall, nameSpan, s.recoverPanic, setSecurityHeaders, s.limitBody, s.refuseTwoLengths,
		s.refuseForeignPages)
	s.engine.NoRoute(s.otherPath)
	s.engine.NoMethod(s.methodNotAllowed)

	s.engine.GET("/healthz", s.healthz)
	s.engine.GET("/readyz", s.readyz)
	s.engine.GET("/openapi.json", s.openAPI)
	s.engine.GET("/docs", s.docs)
	s.addCodec()

	api := s.engine.Group(apiPath)
	for _, call := range s.calls() {
		for _, name := range call.names {
			for _, suffix := range []string{"", ".jsp"} {
				api.Match(call.methods, "/"+name+suffix, call.handle)
				s.byPath[api.BasePath()+"/"+name+suffix] = call
			}
		}
	}

	s.handler = otelhttp.NewHandler(gzhttp.GzipHandler(s.engine), "call",
		otelhttp.WithFilter(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiPath) }))

	if options.Pages != nil {
		s.pages = options.Pages(s)
	}

	return s
}

// ServeHTTP handles a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if conn := connOf(r); conn != nil {
		defer conn.reset()

		r.TLS = conn.state()
	}

	s.handler.ServeHTTP(w, r)
}

// DefaultMaxConnections is the default of [Options.MaxConnections].
const DefaultMaxConnections = 10_000

// Limits of connections.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeader         = 64 << 10 // Bytes of the header of a request.
)

// Serve serves requests on the listener until ctx is done. Then it closes the listener, responds with 202 to calls that wait
// for a job, and lets other requests finish within the grace period. It returns nil after such a shutdown. Until ctx is done,
// it also keeps the schedules in Temporal equal to those of the apps.
func (s *Server) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ConnContext: withConn, ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)

	if s.options.Metrics != client.MetricsNopHandler {
		go s.jobs.ReportGauges(ctx, s.options.Metrics)
	}

	go s.schedules.Keep(ctx)

	listener = netutil.LimitListener(listener, s.options.MaxConnections)
	if s.options.TLS != nil {
		listener = tls.NewListener(listener, withoutHTTP2(s.options.TLS))
	}

	go func() { ended <- server.Serve(recordingListener{listener}) }()

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}

	s.draining.Store(true)
	s.jobs.Close()

	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()

	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(err, server.Close())
	}

	return nil
}
