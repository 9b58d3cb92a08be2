package session

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/jobwright/jobwright/app/seal"
)

// cookies writes and reads values in cookies, as encrypted JSON Web Tokens (RFC 7516).
type cookies struct{ keys []seal.DerivedKey }

// purpose is what a value in cookies is for. It is the audience of the token, so that a value is of no other use.
type purpose struct {
	name     string // The name of the cookies.
	sameSite http.SameSite
}

var (
	// signedIn is the purpose of sessions. No page of another site can make a browser send them.
	signedIn = purpose{name: "jobwright-session", sameSite: http.SameSiteStrictMode}

	// signingIn is the purpose of what is needed when the identity provider sends the browser back, which is another site.
	signingIn = purpose{name: "jobwright-sign-in", sameSite: http.SameSiteLaxMode}
)

// Limits of cookies. Browsers limit each to 4096 bytes with its name and attributes, and servers the header of a request.
const (
	maxPart  = 3800
	maxParts = 6
)

// errTooLarge is the error for a value that fits in no cookies.
var errTooLarge = errors.New("the access token of the identity provider is too large for cookies; let the provider omit claims")

// encrypt returns the text of a value until a time.
func (c cookies) encrypt(of purpose, value any, until time.Time) (string, error) {
	recipient := jose.Recipient{Algorithm: jose.DIRECT, Key: c.keys[0].Key, KeyID: c.keys[0].ID}

	encrypter, err := jose.NewEncrypter(jose.A256GCM, recipient, (&jose.EncrypterOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}

	return jwt.Encrypted(encrypter).
		Claims(jwt.Claims{Audience: jwt.Audience{of.name}, Expiry: jwt.NewNumericDate(until)}).
		Claims(map[string]any{"value": value}).
		Serialize()
}

// decrypt reads the text of a value. The error says why the text is none; it is of no interest to a person.
func (c cookies) decrypt(of purpose, text string, value any) error {
	parsed, err := jwt.ParseEncrypted(text, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return err
	}

	at := slices.IndexFunc(c.keys, func(key seal.DerivedKey) bool { return key.ID == parsed.Headers[0].KeyID })
	if at < 0 {
		return fmt.Errorf("there is no key %s", parsed.Headers[0].KeyID)
	}

	var registered jwt.Claims

	content := struct {
		Value any `json:"value"`
	}{value}
	if err := parsed.Claims(c.keys[at].Key, &registered, &content); err != nil {
		return err
	}

	if registered.Expiry == nil {
		return errors.New("it never expires")
	}

	return registered.ValidateWithLeeway(jwt.Expected{AnyAudience: jwt.Audience{of.name}}, 0)
}

// write stores a value in cookies of the browser until a time, in as many as its size requires.
func (c cookies) write(w http.ResponseWriter, r *http.Request, of purpose, value any, until time.Time, secure bool) error {
	text, err := c.encrypt(of, value, until)
	if err != nil {
		return err
	}

	if len(text) > maxPart*maxParts {
		return errTooLarge
	}

	for part := range maxParts {
		name := of.cookie(r, part, secure)

		if size := min(len(text), maxPart); size > 0 {
			http.SetCookie(w, of.attributes(name, text[:size], int(time.Until(until).Seconds()), secure))
			text = text[size:]
		} else if _, err := r.Cookie(name); err == nil {
			http.SetCookie(w, of.attributes(name, "", -1, secure))
		}
	}

	return nil
}

// read reads a value from the cookies of a request, and reports whether they contain a valid one.
func (c cookies) read(r *http.Request, of purpose, value any, secure bool) bool {
	var text strings.Builder

	for part := range maxParts {
		cookie, err := r.Cookie(of.cookie(r, part, secure))
		if err != nil {
			break
		}

		text.WriteString(cookie.Value)
	}

	return text.Len() > 0 && c.decrypt(of, text.String(), value) == nil
}

// remove removes the cookies of a request.
func (c cookies) remove(w http.ResponseWriter, r *http.Request, of purpose, secure bool) {
	for part := range maxParts {
		name := of.cookie(r, part, secure)
		if _, err := r.Cookie(name); err == nil {
			http.SetCookie(w, of.attributes(name, "", -1, secure))
		}
	}
}

// cookie returns the name of a cookie. Browsers accept the prefix __Host- only from the host itself, by TLS. Cookies do not
// distinguish ports, so the name does: another server on the same machine has other sessions.
func (p purpose) cookie(r *http.Request, part int, secure bool) string {
	name := p.name
	if secure {
		name = "__Host-" + name
	}

	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			name += "-" + port
		}
	}

	if part > 0 {
		name += "." + strconv.Itoa(part)
	}

	return name
}

func (p purpose) attributes(name, value string, maxAge int, secure bool) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Without TLS, browsers would not send a secure cookie back.
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: secure, SameSite: p.sameSite,
	}
}
