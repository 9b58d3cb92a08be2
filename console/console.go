// Package console serves web pages for callers and operators of jobs. The pages are made on the server, from responses of the
// API, with the key that the session contains: the console has no state and no rights of its own. Pages work without JavaScript;
// with it, they follow changes.
//
// To add a page,
//
//   - write a file with its handlers: a [show] returns a [view], the name of a template and its data; a [change] handles a form;
//   - write templates/<name>.html, which defines the template "main"; templates/parts.html has what pages share;
//   - add its routes to the table in routes.go and, if the navigation leads to it, an entry to the table in navigation.go.
//
// The Content-Security-Policy forbids scripts, styles and attributes "style" in pages: put them into static/console.js and
// static/console.css.
package console

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/console/session"
)

// Options configure a console.
type Options struct {
	// API is the handler of the API. The console calls it within the process, on behalf of its visitors.
	API http.Handler

	// Keys encrypt the sessions of visitors. All API servers have the same.
	Keys seal.Keys

	Log   *slog.Logger
	Audit *audit.Log // Gets a line for each sign-in; nil for none.

	// URL is the address at which browsers reach the server; nil if it is that of each request.
	URL *url.URL

	// Provider is an OpenID Connect provider by which visitors can sign in, beside API keys.
	Provider session.ProviderOptions
}

// Console is the handler of all pages. Create it with [New].
type Console struct {
	options  Options
	sessions *session.Sessions
	mux      *http.ServeMux

	temporalUI atomic.Pointer[string] // What the addresses of workflows in Temporal UI begin with; nil if not asked for yet.
}

// New returns a console.
func New(options Options) *Console {
	c := &Console{options: options, mux: http.NewServeMux()}

	var err error
	if c.sessions, err = session.New(session.Options{
		API: options.API, Keys: options.Keys, Log: options.Log, Audit: options.Audit, URL: options.URL,
		Provider: options.Provider, Render: c.signInPage,
	}); err != nil {
		panic(err) //nolint:forbidigo // The only cause is that a key which the program has made is none.
	}

	c.sessions.Register(c.mux)
	c.mux.HandleFunc("GET /static/{name...}", serveStatic)

	for _, route := range routes {
		c.mux.Handle(route.pattern, c.sessions.Require(c.handler(route)))
	}

	c.mux.Handle("/", c.sessions.Require(c.handler(route{show: notFound})))

	return c
}

// policy lets pages load only files of this server, which are neither in the page itself nor made by scripts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP handles a request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "same-origin") // Without a referrer, browsers send forms with the Origin null.
	header.Set("Cross-Origin-Opener-Policy", "same-origin")

	c.mux.ServeHTTP(w, r)
}
