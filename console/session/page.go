package session

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
)

// Page is what the page for signing in shows. It sends a form with app, key and next to /sign-in by POST, and loads
// [Page.Script].
type Page struct {
	Status int    // The HTTP status.
	App    string // The ID of the app, if it is known.
	Next   string // The path of the page to open then.
	Error  string // Why the last attempt failed, as sentences; empty if there was none.

	// Provider is the address for signing in by the identity provider; empty if there is none.
	Provider     string
	ProviderName string // The name of the identity provider's host.
}

// Script returns the path of the script that signs in by a link whose fragment is a key.
func (Page) Script() string { return scriptPath }

// policy is the Content-Security-Policy of the pages of this package.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

//go:embed *.html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "*.html"))

// show responds with the page for signing in.
func (s *Sessions) show(w http.ResponseWriter, r *http.Request, page Page) {
	setHeaders(w)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", policy)

	if s.provider != nil {
		page.Provider = providerPath + "?" + url.Values{"app": {page.App}, "next": {page.Next}}.Encode()

		if issuer, err := url.Parse(s.provider.options.Issuer); err == nil {
			page.ProviderName = issuer.Hostname()
		}
	}

	s.options.Render(w, r, page)
}

// render writes the page for signing in without a style.
func render(w http.ResponseWriter, _ *http.Request, page Page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(page.Status)
	_ = templates.ExecuteTemplate(w, "sign_in.html", page) // If it fails, the browser has gone.
}
