package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/jobwright/jobwright/source"
)

// invalid returns the error of a request that can't be sent.
func (s *Source) invalid(path, message string) error {
	return &source.Error{
		Code: source.CodeQueryInvalid, Source: s.name, Table: withoutQuery(path), Message: message,
		Hint: "use a path relative to the source's URL, for example orders/7",
	}
}

// withoutQuery returns a path without its query, which may contain secrets.
func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")

	return path
}

// excerptLength is the length of the excerpt of a body in an error, in characters.
const excerptLength = 500

// refused returns the error of a response with an unexpected status, and closes the response.
func (s *Source) refused(request *http.Request, response *http.Response) error {
	excerpt, _ := io.ReadAll(io.LimitReader(response.Body, 4*excerptLength)) // An incomplete excerpt is fine.
	_ = response.Body.Close()

	problem := &source.Error{
		Code: source.CodeRequestRefused, Source: s.name,
		Message:    fmt.Sprintf("%s %s returned %s", request.Method, request.URL.Path, response.Status),
		Retryable:  mayChange(response.StatusCode),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}

	if text := printable(excerpt); text != "" {
		problem.Message += ": " + text
	}

	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		problem.Hint = "check the credentials of the source"
	case http.StatusNotFound:
		problem.Code, problem.Hint = source.CodeTableNotFound, "correct the path"
	}

	if problem.Retryable {
		problem.Code = source.CodeUnavailable
	}

	return problem
}

// mayChange reports whether the same request may get another status later.
func mayChange(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}

	return status >= 500
}

// maxRetryAfter limits the time for which a server can postpone the next attempt.
const maxRetryAfter = time.Hour

// retryAfter parses the header Retry-After: a number of seconds or an HTTP date.
func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)

	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wait = date.Sub(now)
	}

	return min(max(wait, 0), maxRetryAfter)
}

// printable returns the beginning of a body on one line, or "" if the body is not text.
func printable(body []byte) string {
	text := strings.ToValidUTF8(string(body), "")
	if len(text) < len(body)-utf8.UTFMax { // The excerpt may end within one character.
		return ""
	}

	return source.Shorten(strings.Join(strings.Fields(text), " "), excerptLength)
}

// unreachable returns the error of a request without a complete response.
func (s *Source) unreachable(ctx context.Context, request *http.Request, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Retryable: true, Err: err,
		Message: fmt.Sprintf("%s %s got no response: %s", request.Method, request.URL.Path, cause(err)),
	}

	var (
		ofCertificate *tls.CertificateVerificationError
		ofAuthority   x509.UnknownAuthorityError
		ofToken       *oauth2.RetrieveError
	)

	redirected := new(redirectError)

	switch {
	case errors.As(err, &redirected):
		problem.Code, problem.Retryable = source.CodeRequestRefused, false
		problem.Message = fmt.Sprintf("%s %s was %s", request.Method, request.URL.Path, redirected)
		problem.Hint = "correct the source's url, or set followRedirects: anyHost in app.yaml to follow redirects to any server"
	case isUnsendable(err):
		problem.Code, problem.Retryable = source.CodeQueryInvalid, false
		problem.Message, problem.Hint = "the request can't be sent: "+cause(err), "correct its headers or the URL"
	case errors.As(err, &ofCertificate), errors.As(err, &ofAuthority):
		problem.Retryable, problem.Hint = false, "the worker does not trust the server's certificate"
	case speaksOther(err):
		problem.Retryable, problem.Hint = false, "the server does not speak this protocol; correct the source's url"
	case errors.As(err, &ofToken):
		problem.Code, problem.Message = source.CodeRequestRefused, "the OAuth server issued no token: "+tokenCause(ofToken)
		problem.Retryable = ofToken.Response == nil || mayChange(ofToken.Response.StatusCode)
		problem.Hint = "check oauth2 of the source"
		problem.Err = nil // It contains the whole response.
	}

	return problem
}

// isUnsendable reports whether the request was refused by this side. Go's client has no types for that.
func isUnsendable(err error) bool {
	return slices.ContainsFunc([]string{"net/http: invalid header field", "unsupported protocol scheme"}, func(says string) bool {
		return strings.HasPrefix(cause(err), says)
	})
}

// speaksOther reports whether the server does not speak HTTP, or does not agree to the encryption.
func speaksOther(err error) bool {
	var (
		ofRecord tls.RecordHeaderError
		ofHeader textproto.ProtocolError
		ofAlert  *net.OpError
	)

	switch {
	case errors.As(err, &ofRecord), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &ofHeader),
		strings.Contains(cause(err), "malformed HTTP"): // The error has no type.
		return true
	case errors.As(err, &ofAlert):
		return ofAlert.Op == "remote error" && !strings.Contains(ofAlert.Error(), "internal error")
	}

	return false
}

func tokenCause(err *oauth2.RetrieveError) string {
	if err.ErrorCode != "" {
		return strings.TrimSpace(err.ErrorCode + " " + err.ErrorDescription)
	}

	if err.Response != nil {
		return err.Response.Status
	}

	return "the server gave no reason"
}

// cause returns the text of an error without the URL, whose query may contain secrets.
func cause(err error) string {
	if ofURL, ok := errors.AsType[*url.Error](err); ok {
		err = ofURL.Err
	}

	if ofNetwork, ok := errors.AsType[*net.OpError](err); ok {
		return ofNetwork.Error()
	}

	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the response ended too early"
	}

	return err.Error()
}
