package session

import (
	_ "embed"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/browser"
)

// The paths of signing in and out.
const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
	scriptPath  = signInPath + "/link.js"
	appPath     = signInPath + "/app"
)

// maxForm is the largest form in bytes.
const maxForm = 64 << 10

// Register adds the pages for signing in and out.
func (s *Sessions) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+signInPath, s.signInPage)
	mux.HandleFunc("POST "+signInPath, s.signIn)
	mux.HandleFunc("GET "+scriptPath, script)

	if s.provider != nil {
		mux.HandleFunc("GET "+providerPath, s.leave)
		mux.HandleFunc("GET "+callbackPath, s.arrive)
	}

	mux.Handle("POST "+appPath, s.Require(http.HandlerFunc(s.changeApp)))
	mux.Handle("POST "+signOutPath, s.Require(http.HandlerFunc(s.signOut)))
}

// linkScript signs in by a link whose fragment is a key. Browsers send fragments to no server.
//
//go:embed link.js
var linkScript []byte

func script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(linkScript) // If it fails, the browser has gone.
}

// signInPage shows the page for signing in.
func (s *Sessions) signInPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s.show(w, r, Page{Status: http.StatusOK, App: query.Get("app"), Next: localPath(query.Get("next"))})
}

// signIn begins a session with the app and the key of the form.
func (s *Sessions) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)

	page := Page{
		Status: http.StatusBadRequest, App: strings.TrimSpace(r.PostFormValue("app")), Next: localPath(r.PostFormValue("next")),
	}
	key := strings.TrimSpace(r.PostFormValue("key"))

	switch {
	case browser.IsCrossOrigin(r):
		page.Status, page.Error = http.StatusForbidden, "A page of another site sent the form. Sign in on this page."
	case key == "":
		page.Error = "Enter an API key."
	default:
		s.beginWith(w, r, page, key, nil)

		return
	}

	s.show(w, r, page)
}

// beginWith begins a session with a key, and opens the next page. If the key is refused, it shows the page for signing in.
func (s *Sessions) beginWith(w http.ResponseWriter, r *http.Request, page Page, key string, tokens *Tokens) {
	as, err := s.identify(r, page.App, key)
	s.record(r, page.App, as.Access, err)

	begun := begin(as, key, tokens)
	if err == nil {
		err = s.write(w, r, begun)
	}

	if err != nil {
		s.refuse(w, r, page, err)

		return
	}

	if tokens != nil {
		// The browser comes from the provider, and would not send the strict cookie after a redirect.
		continueTo(w, page.Next)

		return
	}

	http.Redirect(w, r, page.Next, http.StatusSeeOther)
}

// refuse shows the page for signing in again, with the reason.
func (s *Sessions) refuse(w http.ResponseWriter, r *http.Request, page Page, reason error) {
	refused, known := refusalOf(reason)
	if !known {
		s.options.Log.ErrorContext(r.Context(), "sign-in failed", "error", reason)

		refused = &client.Error{
			HTTPStatus: http.StatusInternalServerError, Message: "an internal error occurred; the server's log has the reason",
		}
		if errors.Is(reason, errTooLarge) {
			refused.Message = reason.Error()
		}
	}

	page.Status, page.Error = refused.HTTPStatus, Sentence(refused.Message)

	if refused.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.RetryAfter.Seconds()))))
	}

	s.show(w, r, page)
}

// Sentence returns a message as a sentence: with a capital letter and a period.
func Sentence(message string) string {
	if message == "" {
		return ""
	}

	message = strings.ToUpper(message[:1]) + message[1:]
	if strings.HasSuffix(message, ".") {
		return message
	}

	return message + "."
}

// record writes the line of a sign-in to the audit log.
func (s *Sessions) record(r *http.Request, appID, access string, err error) {
	entry := audit.Entry{Call: "signIn", App: appID, Access: access, Outcome: audit.OK}

	var host string
	if host, _, _ = net.SplitHostPort(r.RemoteAddr); host == "" {
		host = r.RemoteAddr
	}

	entry.Remote = host

	if err != nil {
		entry.Outcome = "failed"
		if refused, ok := refusalOf(err); ok {
			entry.Outcome = string(refused.Code)
		}
	}

	s.options.Audit.Record(r.Context(), entry)
}

// changeApp continues the session in another app of its key.
func (s *Sessions) changeApp(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	found, _ := Of(r)

	page := Page{App: r.PostFormValue("app"), Next: localPath(r.PostFormValue("next"))}
	if err := s.CheckCSRF(r); err != nil {
		s.refuse(w, r, page, &client.Error{HTTPStatus: http.StatusForbidden, Message: err.Error(), Code: "browser_refused"})

		return
	}

	as, err := s.identify(r, page.App, found.Key)
	s.record(r, page.App, as.Access, err)

	if err == nil {
		found.App, found.Access, found.Rights = as.App, as.Access, as.Rights
		err = s.write(w, r, found)
	}

	if err != nil {
		s.refuse(w, r, page, err)

		return
	}

	http.Redirect(w, r, page.Next, http.StatusSeeOther)
}

// signOut ends the session.
func (s *Sessions) signOut(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)

	if err := s.CheckCSRF(r); err != nil {
		http.Error(w, Sentence(err.Error()), http.StatusForbidden)

		return
	}

	found, _ := Of(r)
	s.cookies.remove(w, r, signedIn, s.isSecure(r))
	http.Redirect(w, r, signInPath+"?"+url.Values{"app": {found.App}}.Encode(), http.StatusSeeOther)
}
