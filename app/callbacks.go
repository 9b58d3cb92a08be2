package app

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/job"
)

// Callbacks are the rules by which the app calls URLs when its jobs end.
type Callbacks struct {
	URL    string      // Called for each job whose request names no other URL; it may refer to secrets. Empty for none.
	Events []job.Event // The events for which this URL is called; empty for all.

	// Allow are the URLs that requests may name; each includes all URLs below it.
	Allow []string

	// Addresses are the internal addresses of receivers. Public addresses need no permission.
	Addresses []netip.Prefix

	// Secrets are references to the secrets that sign each call: one, or during a rotation two.
	Secrets []string
}

// CallbackRequest is the callback that a call asks for.
type CallbackRequest struct {
	URL    string   `json:"url"    description:"The URL to call instead of that of app.yaml."`
	Events []string `json:"events" description:"The events to report; an empty list for none."`
}

// ErrCallbackForbidden is the error for a URL that the app does not allow to call.
var ErrCallbackForbidden = errors.New("app.yaml does not allow to call this URL")

// Choose returns the callback of a job: what its request asks for, or the app's default if the request has no such field. It
// returns nil if nothing is to be called. An error that is not [ErrCallbackForbidden] describes a mistake in the request.
func (c Callbacks) Choose(requested *CallbackRequest) (*job.Callback, error) {
	if requested == nil {
		if c.URL == "" {
			return nil, nil //nolint:nilnil // Nothing is to be called.
		}

		return &job.Callback{URL: c.URL, Default: true, Events: c.Events}, nil
	}

	chosen := &job.Callback{URL: requested.URL}

	for _, name := range requested.Events {
		event := job.Event(name)
		if !slices.Contains(job.Events(), event) {
			return nil, fmt.Errorf("events: there is no event %q; the events are %s", name, joined(job.Events(), ", "))
		}

		chosen.Events = append(chosen.Events, event)
	}

	switch {
	case requested.Events != nil && len(requested.Events) == 0:
		return nil, nil //nolint:nilnil // Nothing is to be called.
	case requested.URL != "":
		if err := c.Check(requested.URL); err != nil {
			return nil, fmt.Errorf("url: %w", err)
		}
	case c.URL == "":
		return nil, errors.New("url is missing, and app.yaml has no default")
	default:
		chosen.URL, chosen.Default = c.URL, true

		if requested.Events == nil {
			chosen.Events = c.Events
		}
	}

	return chosen, nil
}

// Check returns an error if a request can't name the URL, or [ErrCallbackForbidden] if the app does not allow it.
func (c Callbacks) Check(text string) error {
	target, err := ParseTarget(text)
	if err != nil {
		return err
	}

	if target.RawQuery != "" || target.ForceQuery {
		return errors.New("the URL has a query, which could contain secrets, and jobs store the URL; " +
			"leave it out, or let an operator write the URL into app.yaml")
	}

	if !slices.ContainsFunc(c.Allow, func(allowed string) bool { return includes(allowed, target) }) {
		return ErrCallbackForbidden
	}

	return nil
}

// includes reports whether a URL is the allowed one, or below it.
func includes(allowed string, target *url.URL) bool {
	outer, err := ParseTarget(allowed)
	if err != nil || outer.Scheme != target.Scheme || outer.Host != target.Host {
		return false
	}

	within, isBelow := strings.CutPrefix(target.Path, strings.TrimSuffix(outer.Path, "/"))

	return isBelow && (within == "" && !strings.HasSuffix(outer.Path, "/") || strings.HasPrefix(within, "/"))
}

// maxTarget is the maximum length of a URL to call, in bytes.
const maxTarget = 2_000

// ParseTarget parses a URL to call. Its host is in lower case, and without the default port.
func ParseTarget(text string) (*url.URL, error) {
	target, err := url.Parse(text)

	switch {
	case len(text) > maxTarget:
		return nil, fmt.Errorf("the URL has more than %d bytes", maxTarget)
	case err != nil || target.Host == "" || target.Hostname() == "" || target.Opaque != "":
		return nil, errors.New("it must be an absolute URL such as https://hooks.example.com/jobs")
	case target.Scheme != "https" && (target.Scheme != "http" || !isLoopback(target.Hostname())):
		return nil, errors.New("the URL must begin with https://; http:// is allowed only for loopback addresses")
	case target.User != nil:
		return nil, errors.New("the URL must not contain a user; calls are authenticated by their signature")
	case target.Fragment != "":
		return nil, errors.New("the URL must not contain a fragment")
	case isAmbiguous(target.EscapedPath()):
		return nil, errors.New("the path of the URL must not contain . or .. or a slash or dot that is encoded")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the URL must consist of printable ASCII characters; encode the others")
	}

	if target.Path == "" {
		target.Path = "/"
	}

	target.Host = strings.ToLower(target.Host)
	if target.Scheme == "https" {
		target.Host = strings.TrimSuffix(target.Host, ":443")
	} else {
		target.Host = strings.TrimSuffix(target.Host, ":80")
	}

	return target, nil
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)

	return host == "localhost" || err == nil && address.IsLoopback()
}

// isAmbiguous reports whether servers may understand a path differently.
func isAmbiguous(path string) bool {
	lower := strings.ToLower(path)
	isIn := func(part string) bool { return strings.Contains(lower, part) }
	isRelative := func(part string) bool { return part == "." || part == ".." }

	return slices.ContainsFunc([]string{"%2e", "%2f", "%5c", `\`}, isIn) ||
		slices.ContainsFunc(strings.Split(path, "/"), isRelative)
}
