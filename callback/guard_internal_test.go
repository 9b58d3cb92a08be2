package callback

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClientRefusesAddressesThatAreNotPublic(t *testing.T) {
	t.Parallel()

	for class, hosts := range map[string][]string{
		"loopback":      {"127.0.0.1", "127.9.9.9", "[::1]", "localhost"},
		"private":       {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "[fc00::1]", "[fd12:3456::1]"},
		"link-local":    {"169.254.1.1", "[fe80::1]"},
		"metadata":      {"169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192"},
		"carrier NAT":   {"100.64.0.1", "100.127.255.255"},
		"multicast":     {"224.0.0.1", "239.255.255.255", "[ff02::1]"},
		"unspecified":   {"0.0.0.0", "0.1.2.3", "[::]"},
		"broadcast":     {"255.255.255.255"},
		"reserved":      {"240.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "[2001:db8::1]"},
		"mapped IPv4":   {"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]"},
		"embedded IPv4": {"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]"},
		"deprecated":    {"[fec0::1]"},
	} {
		for _, host := range hosts {
			response, err := newClient(nil, nil).Get("http://" + host + ":9/")
			if err == nil {
				require.NoError(t, response.Body.Close())
			}

			require.True(t, isForbidden(err), "%s: %s: %v", class, host, err)
		}
	}
}

func TestClientConnectsToAllowedAddresses(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)

	get := func(allowed ...string) error {
		var prefixes []netip.Prefix
		for _, text := range allowed {
			prefixes = append(prefixes, netip.MustParsePrefix(text))
		}

		response, err := newClient(prefixes, nil).Get(server.URL)
		if err == nil {
			err = response.Body.Close()
		}

		return err
	}

	require.NoError(t, get("127.0.0.1/32"))
	require.NoError(t, get("10.0.0.0/8", "127.0.0.0/8", "::1/128"))
	require.True(t, isForbidden(get("127.0.0.2/32", "::1/128")))
}

func TestClientUsesNoProxy(t *testing.T) {
	t.Parallel()

	transport, ok := newClient(nil, nil).Transport.(*http.Transport)
	require.True(t, ok)
	require.Nil(t, transport.Proxy) // A proxy would connect to any address.
}

// The check concerns addresses, whichever name led to them.
func TestClientRefusesNamesOfInternalAddresses(t *testing.T) {
	t.Parallel()

	addresses, err := net.DefaultResolver.LookupHost(t.Context(), "localhost")
	require.NoError(t, err)
	require.NotEmpty(t, addresses)

	client := newClient([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, nil)

	_, err = client.Get("https://localhost:9/") //nolint:bodyclose // Nothing is sent.
	require.True(t, isForbidden(err))
	require.ErrorContains(t, err, "which is not public")
}
