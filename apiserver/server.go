package apiserver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/result"
)

// Options say what a server works with.
type Options struct {
	Temporal  client.Client // Stays the caller's.
	Namespace string        // The namespace of the client.
	Apps      *app.Catalog
	Results   *result.Store
	Log       *slog.Logger

	// Metrics, when it is set, answers GET /metrics.
	Metrics http.Handler

	// LoopbackKey, when it is set, is a key for every app that is accepted from this machine alone.
	LoopbackKey string

	// DefaultWait is how long a call that waits for its job's end waits when it doesn't say; [DefaultWait] when 0.
	DefaultWait time.Duration

	// Patience is how long a caller may take nothing of an answer before it is broken off; [DefaultPatience] when 0.
	Patience time.Duration
}

// DefaultWait and MaximumWait bound how long a call waits for its job's end before it is answered 202.
const (
	DefaultWait = 5 * time.Minute
	MaximumWait = time.Hour
)

// Server answers the calls of the API.
type Server struct {
	options  Options
	engine   *gin.Engine
	handler  http.Handler // The engine, with answers compressed for those who want that.
	outage   outage
	draining context.Context //nolint:containedctx // It ends when the server begins to stop, whichever call looks.
	drain    context.CancelFunc
}

// New returns a server over those apps. It starts to answer with [Server.Serve].
func New(options Options) *Server {
	gin.SetMode(gin.ReleaseMode)

	s := &Server{options: options, engine: gin.New()}
	s.options.DefaultWait = cmp.Or(options.DefaultWait, DefaultWait)
	s.options.Patience = cmp.Or(options.Patience, DefaultPatience)

	s.draining, s.drain = context.WithCancel(context.Background())

	s.engine.HandleMethodNotAllowed = true
	s.engine.Use(s.observe, s.recover)
	s.engine.NoRoute(s.noRoute)
	s.engine.NoMethod(s.noMethod)

	s.engine.GET("/healthz", s.healthz)
	s.engine.GET("/readyz", s.readyz)

	if options.Metrics != nil {
		s.engine.GET("/metrics", gin.WrapH(options.Metrics))
	}

	api := s.engine.Group("/api/v1")
	for _, suffix := range []string{"", ".jsp"} {
		api.POST("/executeJob"+suffix, s.executeJob)
		api.GET("/getJobStatus"+suffix, s.getJobStatus)
		api.POST("/signalJob"+suffix, s.signalJob)

		// The API that we speak knows both names, and stops jobs by GET. What changes something may also be a POST.
		for _, name := range []string{"/stopJob", "/stop"} {
			api.Match([]string{http.MethodGet, http.MethodPost}, name+suffix, s.stopJob)
		}
	}

	s.handler = gzhttp.GzipHandler(s.engine)

	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Bounds of what a client may hold up.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
)

// Serve answers requests on the listener until ctx ends. Then it accepts no more, answers those who wait for a job with
// 202, and gives the other answers under way until grace is over. It returns nil after such an end.
func (s *Server) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	ended := make(chan error, 1)

	go func() { ended <- server.Serve(listener) }()

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}

	s.drain()

	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()

	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(err, server.Close())
	}

	return nil
}
