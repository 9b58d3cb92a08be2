package browser

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Hosts are the names and addresses by which clients may address a server, in addition to those that always may be used:
// localhost, loopback addresses, and the address at which the server received the request. A page that reaches the server by
// DNS rebinding addresses it by the name of the page.
type Hosts []string

// Allow reports whether the request has an allowed Host, on any port. Requests without a Host are allowed: no browser sends
// one, but health checks in HTTP/1.0 do.
func (h Hosts) Allow(r *http.Request) bool {
	host := hostname(r.Host)
	isAllowed := func(allowed string) bool { return hostname(allowed) == host }

	if host == "" || host == "localhost" || slices.ContainsFunc(h, isAllowed) {
		return true
	}

	address, err := netip.ParseAddr(host)

	return err == nil && (address.Unmap().IsLoopback() || address.Unmap() == localAddress(r))
}

// hostname returns the host of a Host header in its canonical form, without its port.
func hostname(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			host = name
		}
	}

	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// localAddress returns the address of this machine at which the server received the request.
func localAddress(r *http.Request) netip.Addr {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if local == nil {
		return netip.Addr{}
	}

	return local.AddrPort().Addr().Unmap().WithZone("")
}
