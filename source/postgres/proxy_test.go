package postgres_test

import (
	"bytes"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards a source's connections to its server. It can close a connection when the source commits a change of a
// table t.
type proxy struct {
	server string
	drops  atomic.Int32
}

// The message of the next such COMMIT that is dropped.
const (
	dropNothing int32 = iota
	dropCommit        // The server does not receive the COMMIT.
	dropAnswer        // The server commits, but the source does not receive the answer.
)

// newProxy returns a proxy and the address of a database through it.
func newProxy(t *testing.T, address string) (p *proxy, proxied string) {
	t.Helper()

	parsed, err := url.Parse(address)
	require.NoError(t, err)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })

	p = &proxy{server: parsed.Host}

	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}

			go p.serve(client)
		}
	}()

	parsed.Host = listener.Addr().String()

	return p, parsed.String()
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()

		return
	}

	var (
		silent  atomic.Bool
		changed bool
	)

	forward := func(to, from net.Conn, pass func(chunk []byte) bool) {
		defer func() { _, _ = to.Close(), from.Close() }()

		chunk := make([]byte, 64*1024)

		for {
			n, err := from.Read(chunk)
			if err != nil || !pass(chunk[:n]) {
				return
			}

			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
	}

	go forward(client, server, func([]byte) bool { return !silent.Load() })

	forward(server, client, func(chunk []byte) bool {
		changed = changed || bytes.Contains(chunk, []byte("INSERT INTO t ")) || bytes.Contains(chunk, []byte(`COPY "public"."t" `))
		if !changed || !bytes.Contains(chunk, []byte("COMMIT\x00")) {
			return true
		}

		changed = false

		dropped := p.drops.Swap(dropNothing)
		silent.Store(dropped == dropAnswer)

		return dropped != dropCommit
	})
}
