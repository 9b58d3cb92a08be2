package temporalserver

import (
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	uiapi "github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/cors"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/internal/browser"
)

// codecPath is the path at which the UI decodes payloads: on its own origin, because it needs no key either.
const codecPath = "/codec"

// uiHeaderTimeout limits the time for the header of a request to the UI.
const uiHeaderTimeout = 10 * time.Second

// startUI starts the UI, if the options have an address for it.
func (s *Server) startUI(options Options) error {
	if s.uiAddress == "" {
		return nil
	}

	handler, err := newUI(s.address, options)
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", s.uiAddress)
	if err != nil {
		return err
	}

	s.ui = &http.Server{Handler: protect(handler, options.UIHosts), ReadHeaderTimeout: uiHeaderTimeout}

	go s.ui.Serve(listener) //nolint:errcheck // It ends with Close.

	return nil
}

// protect rejects requests that web pages of other origins can cause: those that address the UI by a foreign host, and those
// that change something.
func protect(handler http.Handler, hosts browser.Hosts) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(handler)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hosts.Allow(r) {
			http.Error(w, "Temporal UI does not serve the host of this address; "+
				"use 127.0.0.1, or start jobwright-dev with --allowed-host", http.StatusMisdirectedRequest)

			return
		}

		sameOrigin.ServeHTTP(w, r)
	})
}

// newUI returns the UI of the Temporal server at the address. It consists of the same parts as NewServer of Temporal's
// package, which can only listen by itself: on a port of its own, any page could reach the UI past [protect].
func newUI(address string, options Options) (http.Handler, error) {
	configuration := &config.Config{
		TemporalGRPCAddress: address,
		DefaultNamespace:    options.Namespace,
		EnableUI:            true,
		DisableNewsFetch:    true,
	}
	if options.Codec != nil {
		configuration.Codec.Endpoint = codecPath
	}

	provider, err := config.NewConfigProviderWithRefresh(configuration)
	if err != nil {
		return nil, err
	}

	assets, err := ui.Assets()
	if err != nil {
		return nil, err
	}

	if assets, err = fs.Sub(assets, "local"); err != nil {
		return nil, err
	}

	const isCookieSecure = false // The UI is served over plain HTTP.

	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip(), cors.CORSMiddleware(cors.CORSConfig{ConfigProvider: provider}),
		middleware.Secure(), csrf.EnsureTokenCookie(isCookieSecure),
		middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, isCookieSecure)))

	route.SetHealthRoute(e)
	route.SetRenderRoute(e, "")

	if err := route.SetAPIRoutes(e, provider, []uiapi.Middleware{
		headers.WithForwardHeaders([]string{"Caller-Type"}),
	}); err != nil {
		return nil, err
	}

	if err := route.SetUIRoutes(e, "", assets); err != nil || options.Codec == nil {
		return e, err
	}

	mux := http.NewServeMux()
	mux.Handle("/", e)
	mux.Handle("POST "+codecPath+"/decode", converter.NewPayloadCodecHTTPHandler(options.Codec))

	return mux, nil
}
