// Package session signs people in to the console, by an API key or by an OpenID Connect provider.
//
// A session is stored in cookies of the browser and nowhere else. Its content is encrypted and authenticated with keys that all
// API servers derive from the operator's key of secrets, so each of them accepts the sessions of the others.
package session

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"github.com/jobwright/jobwright/app"
)

// Limits of sessions.
const (
	Lifetime = 12 * time.Hour // A session ends this long after the sign-in.
	Idle     = 2 * time.Hour  // A session ends this long after the last page was opened.
)

// renewAfter is the age of a session's cookies from which a page that is opened renews them, and verifies the key again.
const renewAfter = 5 * time.Minute

// Session is a sign-in to an app.
type Session struct {
	App     string      `json:"app"`    // The ID of the app.
	Access  string      `json:"access"` // The name of the access that the key has to the app.
	Key     string      `json:"key"`    // The API key, or the access token of an identity provider. It must never reach a page.
	Rights  []app.Right `json:"rights"` // The rights of the key in the app, as of the last renewal. The API enforces them.
	CSRF    string      `json:"csrf"`   // The token that forms have to contain; see [Sessions.CheckCSRF].
	Expires time.Time   `json:"expires"`

	Began   time.Time `json:"began"`
	Renewed time.Time `json:"renewed"`

	// ByProvider is set if the key is an access token of an identity provider.
	ByProvider *Tokens `json:"byProvider,omitempty"`
}

// Tokens are what a session has from an identity provider, beside the access token.
type Tokens struct {
	Refresh string    `json:"refresh,omitempty"` // The refresh token; empty if the provider gave none.
	Expires time.Time `json:"expires,omitzero"`  // When the access token expires; zero if the provider did not say.
}

// May reports whether the key has a right in the app.
func (s *Session) May(right app.Right) bool { return slices.Contains(s.Rights, right) }

// begin returns a new session of an identity.
func begin(of Session, key string, tokens *Tokens) *Session {
	now := time.Now()
	s := &Session{Key: key, CSRF: rand.Text(), Began: now, ByProvider: tokens}
	s.renew(of, now)

	return s
}

// renew extends the session, with the rights that the key has now.
func (s *Session) renew(as Session, now time.Time) {
	s.App, s.Access, s.Rights = as.App, as.Access, as.Rights
	s.Renewed = now

	s.Expires = now.Add(Idle)
	if end := s.Began.Add(Lifetime); end.Before(s.Expires) {
		s.Expires = end
	}
}

type contextKey struct{}

// Of returns the session of a request that [Sessions.Require] has let pass.
func Of(r *http.Request) (*Session, bool) {
	found, ok := r.Context().Value(contextKey{}).(*Session)

	return found, ok
}

// with returns the request with the session.
func with(r *http.Request, s *Session) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
}
