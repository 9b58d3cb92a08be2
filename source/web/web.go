// Package web is the driver of HTTPSource: an address whose paths are tables, and which answers requests.
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
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "HTTPSource"

// Defaults of the options.
const (
	defaultTimeout     = time.Minute
	defaultConnections = 8
)

// options are the options of an HTTPSource in app.yaml.
type options struct {
	URL            string            `json:"url"`            // The address that paths are relative to.
	Headers        map[string]string `json:"headers"`        // Sent with each request.
	User           string            `json:"user"`           // With the password: basic authentication.
	Password       string            `json:"password"`       //
	APIKey         *apiKey           `json:"apiKey"`         // A key in a header or in the query.
	OAuth2         *credentials      `json:"oauth2"`         // The client credentials of OAuth 2.
	Timeout        string            `json:"timeout"`        // How long an answer may take to begin; a minute by default.
	MaxConnections int               `json:"maxConnections"` // 8 by default.
	Paging         paging            `json:"paging"`         // How tables come in pages.
}

// apiKey says where an API key goes.
type apiKey struct {
	Header string `json:"header"` // The name of the header, or
	Query  string `json:"query"`  // of the parameter of the address.
	Value  string `json:"value"`
}

// Source is an address of HTTP. It is safe for concurrent use.
type Source struct {
	name      string
	base      *url.URL
	client    *http.Client
	transport *http.Transport
	paging    paging
	pause     time.Duration     // How long the body of an answer may pause.
	hide      *strings.Replacer // Of secrets, in what a server says.
}

var (
	_ source.Reader    = (*Source)(nil)
	_ source.Requester = (*Source)(nil)
)

// Open returns the source that definition describes. It does not connect.
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	base, timeout, err := opts.check()
	if err != nil {
		return nil, &source.Error{
			Code: source.CodeDefinitionInvalid, Source: definition.Name, Message: err.Error(),
			Hint: "correct the source in app.yaml",
		}
	}

	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxConnsPerHost:       cmp.Or(opts.MaxConnections, defaultConnections),
		MaxIdleConnsPerHost:   cmp.Or(opts.MaxConnections, defaultConnections),
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: timeout,
		ForceAttemptHTTP2:     true,
	}

	return &Source{
		name: definition.Name, base: base, transport: transport, paging: opts.Paging, pause: max(timeout, longestPause),
		hide:   hiding(definition.Secrets),
		client: &http.Client{Transport: newSigned(transport, base, opts), CheckRedirect: follow},
	}, nil
}

// hiding replaces secrets, which a server may repeat where it says what is wrong with a request.
func hiding(secrets []string) *strings.Replacer {
	var pairs []string

	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "…")
		}
	}

	return strings.NewReplacer(pairs...)
}

// check finds mistakes in the options, and fills in what they leave out.
func (o *options) check() (base *url.URL, timeout time.Duration, err error) {
	base, err = url.Parse(o.URL)

	switch {
	case err != nil, base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, 0, fmt.Errorf("url must be an address that begins with http:// or https://")
	case base.User != nil:
		return nil, 0, fmt.Errorf("url has a user in it; give user and password")
	case o.APIKey != nil && (o.APIKey.Header == "") == (o.APIKey.Query == ""):
		return nil, 0, fmt.Errorf("apiKey needs the name of a header or of a query parameter")
	case o.OAuth2 != nil && (o.OAuth2.TokenURL == "" || o.OAuth2.ClientID == ""):
		return nil, 0, fmt.Errorf("oauth2 needs a tokenUrl and a clientId")
	case o.MaxConnections < 0:
		return nil, 0, fmt.Errorf("maxConnections must be above zero")
	}

	timeout = defaultTimeout
	if o.Timeout != "" {
		if timeout, err = time.ParseDuration(o.Timeout); err != nil || timeout <= 0 {
			return nil, 0, fmt.Errorf("timeout must be a duration above zero such as 30s")
		}
	}

	return base, timeout, o.Paging.check()
}

// Close closes the connections that nobody uses.
func (s *Source) Close() error {
	s.transport.CloseIdleConnections()

	return nil
}

// Check asks for the address itself. Any answer shows that somebody is there.
func (s *Source) Check(ctx context.Context) (string, error) {
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
			Message: fmt.Sprintf("%s answers %s", s.base.Host, response.Status), Hint: "check how the source signs in",
		}
	}

	return fmt.Sprintf("%s answers %s", s.base.Host, response.Status), err
}

// Request sends a request, and returns the answer when its headers are there.
func (s *Source) Request(ctx context.Context, asked source.Request) (*source.Response, error) {
	address, err := s.address(asked.Path, asked.Params)
	if err != nil {
		return nil, err
	}

	method := cmp.Or(strings.ToUpper(asked.Method), http.MethodGet)

	request, err := http.NewRequestWithContext(ctx, method, address.String(), asked.Body)
	if err != nil {
		return nil, s.invalid(asked.Path, "the request can't be made: "+err.Error())
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

// address returns the address of a path, which may have a query of its own.
func (s *Source) address(path string, params url.Values) (*url.URL, error) {
	relative, err := url.Parse(strings.TrimLeft(path, "/"))
	if err != nil || relative.IsAbs() || relative.Host != "" {
		return nil, s.invalid(path, "the path is none below the source's address")
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
	kind, _, _ := strings.Cut(strings.ToLower(response.Header.Get("Content-Type")), ";")

	return strings.TrimSpace(kind)
}
