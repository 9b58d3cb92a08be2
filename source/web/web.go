// Package web is the driver of HTTPSource: an HTTP server whose paths are tables, and to which steps can send requests.
package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// Kind is the kind of source in app.yaml that selects this driver.
const Kind = kind.HTTPSource

// Defaults of the options.
const (
	defaultTimeout     = time.Minute
	defaultConnections = 8
)

// options are the options of an HTTPSource in app.yaml.
type options kind.HTTP

// Source is an HTTP server. It is safe for concurrent use.
type Source struct {
	name      string
	base      *url.URL
	client    *http.Client
	transport *http.Transport
	paging    paging
	pause     time.Duration     // The limit of a pause in the body of a response.
	hide      *strings.Replacer // Replaces secrets in the texts of the server.
	tokens    *tokens           // nil without OAuth 2.
}

var (
	_ source.Reader    = (*Source)(nil)
	_ source.Requester = (*Source)(nil)
)

// Open returns the source that the definition describes. It does not connect.
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	base, timeout, err := opts.check()
	if err != nil {
		return nil, definition.Refuse(err, "")
	}

	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxConnsPerHost:       cmp.Or(opts.MaxConnections, defaultConnections),
		MaxIdleConnsPerHost:   cmp.Or(opts.MaxConnections, defaultConnections),
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: timeout,
		ForceAttemptHTTP2:     true,
	}

	signed := newSigned(transport, base, opts)

	return &Source{
		name: definition.Name, base: base, transport: transport, paging: paging(opts.Paging), pause: max(timeout, maxPause),
		hide: hiding(definition.Secrets, opts), tokens: signed.tokens,
		client: &http.Client{Transport: signed, CheckRedirect: redirects(opts.FollowRedirects == anyHost).follow},
	}, nil
}

// check validates the options and sets defaults.
func (o *options) check() (base *url.URL, timeout time.Duration, err error) {
	base, err = url.Parse(o.URL)

	switch {
	case err != nil, base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, 0, fmt.Errorf("url must begin with http:// or https:// and name a host")
	case base.User != nil:
		return nil, 0, fmt.Errorf("url must not contain a user; use user and password")
	case o.APIKey != nil && (o.APIKey.Header == "") == (o.APIKey.Query == ""):
		return nil, 0, fmt.Errorf("apiKey requires either header or query")
	case o.OAuth2 != nil && (o.OAuth2.TokenURL == "" || o.OAuth2.ClientID == ""):
		return nil, 0, fmt.Errorf("oauth2 requires tokenUrl and clientId")
	case !slices.Contains([]string{"", sameHost, anyHost}, o.FollowRedirects):
		return nil, 0, fmt.Errorf("followRedirects must be %s or %s", sameHost, anyHost)
	case o.MaxConnections < 0:
		return nil, 0, fmt.Errorf("maxConnections must be positive")
	}

	timeout = defaultTimeout
	if o.Timeout != "" {
		if timeout, err = time.ParseDuration(o.Timeout); err != nil || timeout <= 0 {
			return nil, 0, fmt.Errorf("timeout must be a positive duration such as 30s")
		}
	}

	return base, timeout, (*paging)(&o.Paging).check()
}

// Close closes idle connections.
func (s *Source) Close() error {
	s.transport.CloseIdleConnections()

	return nil
}

// Check requests the base URL. Any response but 401 and 403 proves that the server can be used.
func (s *Source) Check(ctx context.Context) (string, error) {
	text, err := s.check(ctx)

	return s.hidden(text), s.withoutSecrets(err)
}

func (s *Source) check(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.String(), http.NoBody)
	if err != nil {
		return "", err
	}

	response, err := s.client.Do(request)
	if err != nil {
		return "", s.unreachable(ctx, request, err)
	}

	err = response.Body.Close()

	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", &source.Error{
			Code: source.CodeRequestRefused, Source: s.name,
			Message: fmt.Sprintf("%s answers %s", s.base.Host, response.Status), Hint: "check the credentials of the source",
		}
	}

	return fmt.Sprintf("%s answers %s", s.base.Host, response.Status), err
}

// Request sends a request and returns the response after its headers have arrived.
func (s *Source) Request(ctx context.Context, asked source.Request) (*source.Response, error) {
	response, err := s.request(ctx, asked)

	return response, s.withoutSecrets(err)
}

func (s *Source) request(ctx context.Context, asked source.Request) (*source.Response, error) {
	address, err := s.address(asked.Path, asked.Params)
	if err != nil {
		return nil, err
	}

	method := cmp.Or(strings.ToUpper(asked.Method), http.MethodGet)

	request, err := http.NewRequestWithContext(ctx, method, address.String(), asked.Body)
	if err != nil {
		return nil, s.invalid(asked.Path, "the request is invalid: "+err.Error())
	}

	if asked.Length > 0 {
		request.ContentLength = asked.Length
	}

	for name, value := range asked.Headers {
		request.Header.Set(name, value)
	}

	if asked.ContentType != "" && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", asked.ContentType)
	}

	if asked.IdempotencyKey != "" && request.Header.Get("Idempotency-Key") == "" {
		request.Header.Set("Idempotency-Key", asked.IdempotencyKey)
	}

	response, err := s.send(request)
	if err != nil {
		return nil, err
	}

	if !expected(asked.Statuses, response.StatusCode) {
		return nil, s.refused(request, response)
	}

	return &source.Response{
		Status: response.StatusCode, Headers: headersOf(response), ContentType: mediaType(response),
		Body: response.Body,
	}, nil
}

// address returns the URL of a path, which may have a query.
func (s *Source) address(path string, params url.Values) (*url.URL, error) {
	relative, err := url.Parse(strings.TrimLeft(path, "/"))
	if err != nil || relative.IsAbs() || relative.Host != "" {
		return nil, s.invalid(path, "the path is not relative to the source's URL")
	}

	if leaves(relative.EscapedPath()) {
		return nil, s.invalid(path, "the path leads out of the source's URL by ..")
	}

	address := *s.base
	if relative.Path != "" {
		address = *s.base.JoinPath(relative.EscapedPath())
	}

	query := address.Query()

	for _, more := range []url.Values{relative.Query(), params} {
		for name, values := range more {
			query[name] = append(query[name], values...)
		}
	}

	address.RawQuery = query.Encode()

	return &address, nil
}

func expected(statuses []int64, status int) bool {
	return slices.Contains(statuses, int64(status)) || (len(statuses) == 0 && status >= 200 && status < 300)
}

func headersOf(response *http.Response) map[string]string {
	headers := make(map[string]string, len(response.Header))
	for name, values := range response.Header {
		headers[name] = strings.Join(values, ", ")
	}

	return headers
}

func mediaType(response *http.Response) string {
	name, _, _ := strings.Cut(strings.ToLower(response.Header.Get("Content-Type")), ";")

	return strings.TrimSpace(name)
}
