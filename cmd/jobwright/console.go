package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/console"
	"github.com/jobwright/jobwright/console/session"
)

// consoleFlags are the flags of the web pages that an API server serves.
type consoleFlags struct {
	serve     bool
	publicURL string
	provider  session.ProviderOptions
}

func (f *consoleFlags) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&f.serve, "console", true, "serve web pages for callers and operators at the address of the API")
	flags.StringVar(&f.publicURL, "public-url", "",
		"URL at which browsers reach the web pages, for example https://jobs.example.com; by default, that of each request")
	flags.StringVar(&f.provider.ClientID, "oidc-client-id", "",
		"ID of the web pages at the OpenID Connect provider, by which people then sign in; by default, they sign in by API keys")
	flags.StringSliceVar(&f.provider.Scopes, "oidc-scope", nil,
		"scope to request from the provider when people sign in, beside openid; repeatable")
}

// clientSecretVariable is the environment variable with the secret of the web pages at the identity provider.
const clientSecretVariable = "JOBWRIGHT_OIDC_CLIENT_SECRET" //nolint:gosec // It contains no secret.

// clientSecretLine is the line about the variable in the help of commands that serve the API.
//
//nolint:gosec // The text contains no secret.
const clientSecretLine = "  JOBWRIGHT_OIDC_CLIENT_SECRET  secret of --oidc-client-id at the provider; by default, none\n"

// pages returns the web pages for an API server with these options, or nil if it has none.
func (f *consoleFlags) pages(api apiserver.Options, issuer string) (func(http.Handler) http.Handler, error) {
	options := console.Options{Keys: api.Keys, Log: api.Log, Audit: api.Audit, Provider: f.provider}
	options.Provider.Issuer, options.Provider.ClientSecret = issuer, os.Getenv(clientSecretVariable)

	// An app could otherwise read it as a secret of a source.
	if err := os.Unsetenv(clientSecretVariable); err != nil {
		return nil, err
	}

	if f.provider.ClientID != "" && issuer == "" {
		return nil, errors.New("--oidc-client-id requires --oidc-issuer and --oidc-audience")
	}

	if f.publicURL != "" {
		if err := checkURL(f.publicURL); err != nil {
			return nil, fmt.Errorf("--public-url: %w", err)
		}

		var err error
		if options.URL, err = url.Parse(f.publicURL); err == nil && strings.Trim(options.URL.Path, "/") != "" {
			err = errors.New("the web pages can't have a path before them")
		}

		if err != nil {
			return nil, fmt.Errorf("--public-url %s: %w", f.publicURL, err)
		}
	}

	if !f.serve {
		return nil, nil //nolint:nilnil // Without pages, there is no error.
	}

	return func(handler http.Handler) http.Handler {
		options.API = handler

		return console.New(options)
	}, nil
}
