// Package client calls the HTTP API of Jobwright.
//
// Each call of the API is a method of [Client], with the types of the packages job, jobservice, schedule and lineage. A call
// that may be repeated is repeated if its server is busy or can't be reached, for [Options.Patience]. The error of a call that
// the server has answered is an [*Error].
package client

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options configure a [Client].
type Options struct {
	URL  string       // The address of the server, for example http://127.0.0.1:8080.
	Key  string       // The caller's key, or an access token. It is sent in a header, never in an address.
	HTTP *http.Client // nil for a client with the default transport. It must not have a timeout: calls wait.

	// Patience is how long a call is repeated that a busy server has refused, or that has not reached its server. 0 means
	// [DefaultPatience]; a negative value means that calls are not repeated.
	Patience time.Duration

	// ActAs makes a key of jobwright-dev have the rights of the access of this name. Empty for the key's own rights.
	ActAs string
}

// DefaultPatience is the default of [Options.Patience].
const DefaultPatience = 30 * time.Second

// Client calls the API of one server with one key. It can be used by several goroutines.
type Client struct {
	base     string
	key      string
	actAs    string
	http     *http.Client
	patience time.Duration
}

// New returns a client. The error explains why the URL is not one of a server.
func New(options Options) (*Client, error) {
	address, err := url.Parse(options.URL)
	if err != nil {
		return nil, fmt.Errorf("the URL of the server is invalid: %w", err)
	}

	isHTTP := address.Scheme == "http" || address.Scheme == "https"
	if !isHTTP || address.Host == "" || address.RawQuery != "" || address.Fragment != "" || address.User != nil {
		return nil, fmt.Errorf("%q is not the URL of a server; write one such as http://127.0.0.1:8080", address.Redacted())
	}

	return &Client{
		base: strings.TrimSuffix(address.String(), "/"), key: options.Key, actAs: options.ActAs,
		http: cmp.Or(options.HTTP, &http.Client{}), patience: cmp.Or(options.Patience, DefaultPatience),
	}, nil
}

// URL returns the address of the server.
func (c *Client) URL() string { return c.base }
