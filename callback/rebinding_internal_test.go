package callback

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// newResolver returns a resolver whose server answers each question for an IPv4 address with the next of the addresses, and at
// last with the last one.
func newResolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()

	connection, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)

	ended := make(chan struct{})

	t.Cleanup(func() {
		require.NoError(t, connection.Close())
		<-ended
	})

	go func() {
		defer close(ended)

		for buffer := make([]byte, 512); ; {
			length, from, err := connection.ReadFrom(buffer)
			if err != nil {
				return
			}

			var message dnsmessage.Message
			if message.Unpack(buffer[:length]) != nil || len(message.Questions) != 1 {
				continue
			}

			question := message.Questions[0]
			message.Response, message.Additionals = true, nil

			if question.Type == dnsmessage.TypeA {
				message.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[0]).As4()},
				}}
				addresses = addresses[min(1, len(addresses)-1):]
			}

			if packed, err := message.Pack(); err == nil {
				_, _ = connection.WriteTo(packed, from) // The client asks again.
			}
		}
	}()

	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", connection.LocalAddr().String())
	}}
}

// TestClientChecksTheAddressToWhichItConnects calls a host whose name has an allowed address first, and an internal one later.
// The server at the internal address receives nothing.
func TestClientChecksTheAddressToWhichItConnects(t *testing.T) {
	t.Parallel()

	var calls [2]atomic.Int32

	port := "0"

	for i, address := range []string{"127.0.0.2", "127.0.0.1"} { // The second server has the port of the first.
		listener, err := net.Listen("tcp", net.JoinHostPort(address, port))
		require.NoError(t, err)

		_, port, err = net.SplitHostPort(listener.Addr().String())
		require.NoError(t, err)

		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls[i].Add(1) }))
		require.NoError(t, server.Listener.Close())

		server.Listener = listener
		server.Start()
		t.Cleanup(server.Close)
	}

	client := newClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, newResolver(t, "127.0.0.2", "127.0.0.1"))

	response, err := client.Get("http://receiver.example:" + port + "/")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	_, err = client.Get("http://receiver.example:" + port + "/") //nolint:bodyclose // Nothing is sent.
	require.True(t, isForbidden(err), "%v", err)
	require.ErrorContains(t, err, "its host has the address 127.0.0.1, which is not public")
	require.EqualValues(t, 1, calls[0].Load())
	require.Zero(t, calls[1].Load())
}
