package callback

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of one call.
const (
	callTimeout      = 20 * time.Second // Of the whole call.
	dialTimeout      = 10 * time.Second
	maxHeaderBytes   = 64 << 10
	handshakeTimeout = 10 * time.Second
)

// cloudPrefixes are public addresses at which cloud providers offer metadata and credentials to the machine itself.
var cloudPrefixes = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"), // Azure.
}

// forbiddenAddressError reports that the host of a URL has an address that must not be called.
type forbiddenAddressError struct{ address string }

func (e *forbiddenAddressError) Error() string {
	return fmt.Sprintf(
		"its host has the address %s, which is not public; callbacks.addresses in app.yaml can allow it", e.address)
}

// newClient returns a client that connects to public addresses and to the allowed ones only. The check concerns the address to
// which it connects, so a name that resolves to another address later does not help. The client follows no redirect, uses no
// proxy, which would connect in its place, and keeps no connection. A nil resolver means that of the system.
func newClient(allowed []netip.Prefix, resolver *net.Resolver) *http.Client {
	var v4, v6 []netip.Prefix

	for _, prefix := range allowed {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}

	guardian := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(cloudPrefixes...))

	control := func(network, address string, connection syscall.RawConn) error {
		if err := guardian.Safe(network, address, connection); err != nil {
			host, _, _ := net.SplitHostPort(address)

			return &forbiddenAddressError{host}
		}

		return nil
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: control, Resolver: resolver}

	return &http.Client{
		Timeout: callTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: handshakeTimeout, ForceAttemptHTTP2: true,
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeaderBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// isForbidden reports whether a call failed because of the address of its host.
func isForbidden(err error) bool {
	_, forbidden := errors.AsType[*forbiddenAddressError](err)

	return forbidden
}
