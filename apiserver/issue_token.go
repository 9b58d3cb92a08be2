package apiserver

import (
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/apiserver/token"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/internal/openapi"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// tokenRequest has the fields of oauth2/token, a form.
type tokenRequest struct {
	GrantType    string `json:"grant_type"    required:"true" description:"client_credentials."`           //nolint:tagliatelle // RFC 6749.
	ClientID     string `json:"client_id"     description:"The app, a slash, and the name of the access."` //nolint:tagliatelle // RFC 6749.
	ClientSecret string `json:"client_secret" description:"The key of the access."`                        //nolint:tagliatelle // RFC 6749.
	Scope        string `json:"scope"         description:"Not supported: the rights are those of the access."`
}

// tokenIssued is the response of oauth2/token.
type tokenIssued struct {
	AccessToken string `json:"access_token" description:"The access token."`
	TokenType   string `json:"token_type"   description:"Bearer."`
	ExpiresIn   int    `json:"expires_in"   description:"For how many seconds the token is valid."`
}

// tokenError is an error of oauth2/token, in the form of RFC 6749, section 5.2.
type tokenError struct {
	Code        string `json:"error"             description:"The kind of the error, by RFC 6749."`
	Description string `json:"error_description" description:"What is wrong."`

	status int
	code   jobservice.Code // The code in the log.
}

func (e *tokenError) Error() string { return e.Description }

func tokenErrorf(status int, code, format string, arguments ...any) *tokenError {
	return &tokenError{status: status, Code: code, Description: fmt.Sprintf(format, arguments...), code: jobservice.Code(code)}
}

// tokenResponses are the responses of oauth2/token.
func tokenResponses() []openapi.Response {
	responses := []openapi.Response{{
		Status: http.StatusOK, Description: "The token.", Result: reflect.TypeFor[tokenIssued](), Bare: true,
	}}

	for _, failed := range []openapi.Response{
		{Status: http.StatusBadRequest, Description: "The request is invalid, or its grant or scope is not supported."},
		{Status: http.StatusUnauthorized, Description: "The client or its key is unknown."},
		{Status: http.StatusTooManyRequests, Description: "Too many requests from this address had a wrong key or none."},
		{Status: http.StatusInternalServerError, Description: "A defect of Jobwright."},
		{Status: http.StatusNotImplemented, Description: "The server has no key to sign tokens with."},
		{Status: http.StatusServiceUnavailable, Description: "The app.yaml of the app is invalid."},
	} {
		failed.Result, failed.Bare = reflect.TypeFor[tokenError](), true
		responses = append(responses, failed)
	}

	return responses
}

// maxTokenRequest is the largest form of a request for a token, in bytes.
const maxTokenRequest = 16 << 10

// issueToken issues an access token to a client that authenticates itself, by the grant of client credentials (RFC 6749, section
// 4.4). A client is an access of an app.
func (s *Server) issueToken(c *gin.Context) {
	text, err := s.tokenFor(c)
	if err != nil {
		s.respondTokenError(c, err)

		return
	}

	c.Header("Pragma", "no-cache") // RFC 6749, section 5.1, requires it.
	c.JSON(http.StatusOK, tokenIssued{AccessToken: text, TokenType: "Bearer", ExpiresIn: int(token.Lifetime.Seconds())})
}

// respondTokenError responds with an error of the request for a token.
func (s *Server) respondTokenError(c *gin.Context, err error) {
	failed, known := errors.AsType[*tokenError](err)
	limited, isLimited := errors.AsType[*jobservice.Error](err)

	switch {
	case isLimited:
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(limited.RetryAfter.Seconds()))))

		failed = tokenErrorf(http.StatusTooManyRequests, "invalid_client", "%s", limited.Message)
		failed.code = limited.Code
	case !known:
		failed = tokenErrorf(http.StatusInternalServerError, "server_error",
			"an internal error occurred; its reference in the server's log is %s", reference(c))
		failed.code, logOf(c).err = jobservice.CodeInternal, err
	}

	if failed.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Basic realm="jobwright"`)
	}

	logOf(c).code = failed.code
	c.AbortWithStatusJSON(failed.status, failed)
}

// tokenFor returns the token for the client of a request.
func (s *Server) tokenFor(c *gin.Context) (string, error) {
	read, err := readTokenRequest(c)
	if err != nil {
		return "", err
	}

	appID, name, _ := strings.Cut(read.ClientID, "/")
	logOf(c).app = appID

	switch {
	case read.GrantType == "":
		return "", tokenErrorf(http.StatusBadRequest, "invalid_request", "grant_type is missing; it must be client_credentials")
	case read.GrantType != "client_credentials":
		return "", tokenErrorf(http.StatusBadRequest, "unsupported_grant_type", "grant_type must be client_credentials")
	case read.Scope != "":
		return "", tokenErrorf(http.StatusBadRequest, "invalid_scope",
			"omit scope: the rights of a token are those of its access in app.yaml")
	}

	key, err := s.authenticateClient(c, appID, name, read.ClientSecret)
	if err != nil {
		return "", err
	}

	logOf(c).access = name

	text, err := s.tokens.Issue(appID, name, key)
	if errors.Is(err, token.ErrKeyMissing) {
		missing := tokenErrorf(http.StatusNotImplemented, "server_error", "this server has no key to sign tokens with; "+
			"an operator has to set the same key for all API servers, in JOBWRIGHT_SECRET_KEY or by --secret-key-file")
		missing.code = jobservice.CodeSecretKeyMissing

		return "", missing
	}

	return text, err
}

// authenticateClient returns the digest of the key with which a client has proved that it is the access.
func (s *Server) authenticateClient(c *gin.Context, appID, name, secret string) (key apikey.Digest, err error) {
	found, err := s.options.Apps.App(appID)

	if invalid, ok := errors.AsType[*app.InvalidError](err); ok {
		failed := tokenErrorf(http.StatusServiceUnavailable, "server_error",
			"app %s can't be used until its app.yaml is corrected", invalid.ID)
		failed.code = codeAppInvalid

		return key, failed
	}

	if err != nil && !errors.Is(err, app.ErrNotFound) {
		return key, err
	}

	if found != nil {
		for _, candidate := range []string{secret, unescaped(secret)} {
			access, err := found.Lookup(candidate)
			if err == nil && access.Name == name || name == job.AnyAccess && s.isLoopbackKey(c, candidate) {
				return apikey.DigestOf(candidate), nil
			}
		}
	}

	failed := s.authenticationFailed(c, jobservice.NewError(codeUnauthorized,
		"the client_id or the client_secret is wrong; they are the app, a slash and the name of an access, and its key"))
	if limited, ok := errors.AsType[*jobservice.Error](failed); ok && limited.RetryAfter > 0 {
		return key, limited
	}

	return key, tokenErrorf(http.StatusUnauthorized, "invalid_client", "%v", failed)
}

// readTokenRequest reads the form of a request for a token. The client authenticates itself in the form or by HTTP Basic
// authentication.
func readTokenRequest(c *gin.Context) (read tokenRequest, err error) {
	invalid := func(format string, arguments ...any) error {
		return tokenErrorf(http.StatusBadRequest, "invalid_request", format, arguments...)
	}

	mediaType, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return read, invalid("the body must be application/x-www-form-urlencoded")
	}

	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxTokenRequest))
	if err != nil {
		return read, invalid("the body can't be read: it has more than %d bytes, or did not arrive in time", maxTokenRequest)
	}

	bodyArrived(c)

	form, err := url.ParseQuery(string(text))
	if err != nil {
		return read, invalid("the body is not a form")
	}

	for name, values := range form {
		if len(values) > 1 {
			return read, invalid("the parameter %.100q is given %d times", name, len(values))
		}
	}

	read = tokenRequest{
		GrantType: form.Get("grant_type"), ClientID: form.Get("client_id"), ClientSecret: form.Get("client_secret"),
		Scope: form.Get("scope"),
	}

	id, secret, isBasic := c.Request.BasicAuth()
	if !isBasic {
		return read, nil
	}

	if id = unescaped(id); read.ClientSecret != "" || read.ClientID != "" && read.ClientID != id {
		return read, invalid("the client authenticates itself twice, in the form and in the header Authorization")
	}

	read.ClientID, read.ClientSecret = id, secret

	return read, nil
}

// unescaped returns the decoded text of HTTP Basic authentication. RFC 6749 requires clients to encode it, and many do not.
func unescaped(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}

	return decoded
}
