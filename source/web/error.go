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

// invalid is the error for a request that can't be sent.
func (s *Source) invalid(path, message string) error {
	return &source.Error{
		Code: source.CodeQueryInvalid, Source: s.name, Table: withoutQuery(path), Message: message,
		Hint: "give a path below the source's address, orders/7 for example",
	}
}

// withoutQuery is a path without what may be a secret in it.
func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")

	return path
}

// excerptLength is how much of a body an error shows, in characters.
const excerptLength = 500

// refused is the error for an answer whose status was not expected. It closes the answer.
func (s *Source) refused(request *http.Request, response *http.Response) error {
	excerpt, _ := io.ReadAll(io.LimitReader(response.Body, 4*excerptLength)) // That there is less of it changes nothing.
	_ = response.Body.Close()

	problem := &source.Error{
		Code: source.CodeRequestRefused, Source: s.name,
		Message:    fmt.Sprintf("%s %s was answered %s", request.Method, request.URL.Path, response.Status),
		Retryable:  mayChange(response.StatusCode),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}

	if text := printable([]byte(s.hide.Replace(string(excerpt)))); text != "" {
		problem.Message += ": " + text
	}

	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		problem.Hint = "check how the source signs in"
	case http.StatusNotFound:
		problem.Code, problem.Hint = source.CodeTableNotFound, "correct the path"
	}

	if problem.Retryable {
		problem.Code = source.CodeUnavailable
	}

	return problem
}

// mayChange reports whether a server that answers this status may answer another one later.
func mayChange(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}

	return status >= 500
}

// longestWait bounds what a server can ask for.
const longestWait = time.Hour

// retryAfter reads the header of that name: seconds, or a date of HTTP.
func retryAfter(header string, now time.Time) time.Duration {
	wait := time.Duration(0)

	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wait = date.Sub(now)
	}

	return min(max(wait, 0), longestWait)
}

// printable is the beginning of a body, if it is text, on one line.
func printable(body []byte) string {
	text := strings.ToValidUTF8(string(body), "")
	if len(text) < len(body)-utf8.UTFMax { // More than a character that was cut off.
		return ""
	}

	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > excerptLength {
		text = string(runes[:excerptLength]) + "…"
	}

	return text
}

// unreachable is the error for a request that was not answered, or not to the end.
func (s *Source) unreachable(ctx context.Context, request *http.Request, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Retryable: true, Err: err,
		Message: fmt.Sprintf("%s %s was not answered: %s", request.Method, request.URL.Path, cause(err)),
	}

	var (
		ofCertificate *tls.CertificateVerificationError
		ofAuthority   x509.UnknownAuthorityError
		ofToken       *oauth2.RetrieveError
	)

	switch {
	case isUnsendable(err):
		problem.Code, problem.Retryable = source.CodeQueryInvalid, false
		problem.Message, problem.Hint = "the request can't be sent: "+cause(err), "correct its headers, or the address"
	case errors.As(err, &ofCertificate), errors.As(err, &ofAuthority):
		problem.Retryable, problem.Hint = false, "the server's certificate is none that this worker trusts"
	case speaksOther(err):
		problem.Retryable, problem.Hint = false, "the server speaks something else; correct the source's url"
	case errors.As(err, &ofToken):
		problem.Code, problem.Message = source.CodeRequestRefused, "no token was given: "+tokenCause(ofToken)
		problem.Retryable = ofToken.Response == nil || mayChange(ofToken.Response.StatusCode)
		problem.Hint = "check oauth2 of the source"
		problem.Err = nil // It has the whole answer in it.
	}

	return problem
}

// isUnsendable reports whether the request was refused by this side. Go's client has no types for that.
func isUnsendable(err error) bool {
	return slices.ContainsFunc([]string{"net/http: invalid header field", "unsupported protocol scheme"}, func(says string) bool {
		return strings.HasPrefix(cause(err), says)
	})
}

// speaksOther reports whether what answers is no server of HTTP, or does not agree on how the connection is encrypted.
func speaksOther(err error) bool {
	var (
		ofRecord tls.RecordHeaderError
		ofHeader textproto.ProtocolError
		ofAlert  *net.OpError
	)

	switch {
	case errors.As(err, &ofRecord), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &ofHeader),
		strings.Contains(cause(err), "malformed HTTP"): // It has no type.
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

	return "the server did not say why"
}

// cause is what an error says without the address, which may have a secret in its query.
func cause(err error) string {
	if ofURL, ok := errors.AsType[*url.Error](err); ok {
		err = ofURL.Err
	}

	if ofNetwork, ok := errors.AsType[*net.OpError](err); ok {
		return ofNetwork.Error()
	}

	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the answer broke off"
	}

	return err.Error()
}
