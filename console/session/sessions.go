package session

import (
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/browser"
)

// Options configure [Sessions].
type Options struct {
	// API is the handler of the API, which verifies keys.
	API http.Handler

	// Keys encrypt the sessions. All API servers have the same. Without a key, sessions end with the process.
	Keys seal.Keys

	Log   *slog.Logger
	Audit *audit.Log // Gets a line for each sign-in; nil for none.

	// URL is the address at which browsers reach the server, for example https://jobs.example.com behind a proxy that ends TLS.
	// If it is nil, it is the address of each request.
	URL *url.URL

	// Provider is an OpenID Connect provider by which people can sign in, beside API keys.
	Provider ProviderOptions

	// Render writes the page for signing in; nil for a page without a style.
	Render func(http.ResponseWriter, *http.Request, Page)
}

// Sessions signs people in. Create it with [New]. Many goroutines may use it at once.
type Sessions struct {
	options  Options
	cookies  cookies
	provider *provider // nil if people sign in by API keys only.
}

// New returns sessions with these options.
func New(options Options) (*Sessions, error) {
	if options.Render == nil {
		options.Render = render
	}

	keys := options.Keys
	if keys.ID() == "" {
		options.Log.Warn("sign-ins to the console end with this process; to change this, set the same key for all API servers",
			"variable", seal.Variable, "flag", "--secret-key-file")

		var err error
		if keys, err = seal.Parse(seal.New()); err != nil {
			return nil, err
		}
	}

	s := &Sessions{options: options, cookies: cookies{keys: keys.CookieKeys()}}
	if options.Provider.ClientID != "" {
		s.provider = newProvider(options.Provider)
	}

	return s, nil
}

// Require returns a handler that lets requests pass if their sender is signed in; see [Of]. For others, it responds with a
// redirect to the page for signing in or, if a script sent the request, with status 401.
func (s *Sessions) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w)

		found, ok := s.read(r)
		if !ok {
			s.requireSignIn(w, r)

			return
		}

		if err := s.refresh(w, r, found); err != nil {
			s.End(w, r, err.Error())

			return
		}

		if byPerson(r) && time.Since(found.Renewed) >= renewAfter {
			if err := s.renew(w, r, found); err != nil {
				s.End(w, r, err.Error())

				return
			}
		}

		next.ServeHTTP(w, with(r, found))
	})
}

// read returns the session of a request.
func (s *Sessions) read(r *http.Request) (*Session, bool) {
	found := new(Session)
	if !s.cookies.read(r, signedIn, found, s.isSecure(r)) || !time.Now().Before(found.Expires) {
		return nil, false
	}

	return found, true
}

// renew verifies the key of a session again and extends the session. The error says why the session has ended. A session whose
// key can't be verified at the moment remains as it is.
func (s *Sessions) renew(w http.ResponseWriter, r *http.Request, found *Session) error {
	as, err := s.identify(r, found.App, found.Key)

	refused, ok := refusalOf(err)
	if ok && (refused.HTTPStatus == http.StatusUnauthorized || refused.HTTPStatus == http.StatusForbidden) {
		return refused // The key is of no use, now and later.
	}

	if err != nil {
		return nil //nolint:nilerr // The page shows that the API is not available.
	}

	found.renew(as, time.Now())

	return s.write(w, r, found)
}

// write stores a session in the browser.
func (s *Sessions) write(w http.ResponseWriter, r *http.Request, found *Session) error {
	return s.cookies.write(w, r, signedIn, found, found.Expires, s.isSecure(r))
}

// requireSignIn responds to a request without a session.
func (s *Sessions) requireSignIn(w http.ResponseWriter, r *http.Request) {
	switch {
	case !byPerson(r):
		http.Error(w, "You are signed out. Open the page again to sign in.", http.StatusUnauthorized)
	case r.Method == http.MethodGet && browser.IsCrossOrigin(r):
		// The browser does not send the cookies of a session when a page of another site links here. It does when this page does.
		continueTo(w, r.URL.RequestURI())
	case r.Method != http.MethodGet:
		s.show(w, r, Page{
			Status: http.StatusUnauthorized, Next: pageOf(r),
			Error: "You were signed out, so nothing was done. Sign in, and repeat it.",
		})
	default:
		http.Redirect(w, r, signInPath+"?"+url.Values{"next": {pageOf(r)}}.Encode(), http.StatusSeeOther)
	}
}

// End ends the session of a request whose key the API no longer accepts, and responds with the page for signing in again, which
// shows the reason, or with status 401 to a script.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request, reason string) {
	s.cookies.remove(w, r, signedIn, s.isSecure(r))

	if !byPerson(r) {
		http.Error(w, "You are signed out. Open the page again to sign in.", http.StatusUnauthorized)

		return
	}

	page := Page{Status: http.StatusUnauthorized, Next: pageOf(r), Error: "You were signed out: " + reason + "."}
	if found, ok := Of(r); ok {
		page.App = found.App
	}

	s.show(w, r, page)
}

// CSRFField and CSRFHeader are the names of the form's field and of the header with the token of the session.
const (
	CSRFField  = "csrf"
	CSRFHeader = "X-Csrf-Token"
)

// ErrForeignForm is the error of a form that the console has not made for this session.
var ErrForeignForm = errors.New("the form is not of this session; open its page again, and repeat what you did")

// CheckCSRF returns [ErrForeignForm] unless a page of the console, opened in this session, has sent the request: the form's field
// [CSRFField] or the header [CSRFHeader] must be [Session.CSRF].
func (s *Sessions) CheckCSRF(r *http.Request) error {
	found, ok := Of(r)
	if !ok || browser.IsCrossOrigin(r) {
		return ErrForeignForm
	}

	given := r.Header.Get(CSRFHeader)
	if given == "" {
		given = r.PostFormValue(CSRFField)
	}

	if found.CSRF == "" || subtle.ConstantTimeCompare([]byte(given), []byte(found.CSRF)) != 1 {
		return ErrForeignForm
	}

	return nil
}

// isSecure reports whether the browser uses TLS. The header of a proxy counts: who forges it only loses their own session.
func (s *Sessions) isSecure(r *http.Request) bool {
	if s.options.URL != nil {
		return s.options.URL.Scheme == "https"
	}

	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// byPerson reports whether a person opens a page or sends a form, as opposed to a script of a page.
func byPerson(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}

	// Browsers send no such header to servers of other machines without TLS.
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// pageOf returns the page that a person wants to see: that of the request or, for a form, the page that contains it.
func pageOf(r *http.Request) string {
	if r.Method == http.MethodGet {
		return localPath(r.URL.RequestURI())
	}

	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return home
	}

	return localPath(from.RequestURI())
}

// home is the first page.
const home = "/"

// localPath returns a path with its query if it is one of a page of this server, or that of the first page. A browser takes some
// texts for addresses of other servers, for example //example.com and /\example.com.
func localPath(path string) string {
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }

	parsed, err := url.Parse(path)

	switch {
	case err != nil, parsed.Scheme != "", parsed.Host != "", parsed.User != nil, parsed.Opaque != "",
		!strings.HasPrefix(path, "/"), strings.HasPrefix(path, "//"), strings.Contains(path, `\`),
		strings.ContainsFunc(path, isControl), strings.HasPrefix(parsed.Path, "//"),
		parsed.Path == signInPath, strings.HasPrefix(parsed.Path, signInPath+"/"), parsed.Path == signOutPath:
		return home
	default:
		return parsed.String() // Without characters that a header must not have.
	}
}

// setHeaders sets the headers of pages that concern their origin: forms need the header Origin, which some browsers do not send
// otherwise, and pages of other origins must not script these ones.
func setHeaders(w http.ResponseWriter) {
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
}

// continueTo responds with a page that opens another page of this server by itself.
func continueTo(w http.ResponseWriter, path string) {
	path = localPath(path)

	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-store")
	header.Set("Refresh", "0; url="+path)

	_ = templates.ExecuteTemplate(w, "continue.html", path) // If it fails, the browser has gone.
}
