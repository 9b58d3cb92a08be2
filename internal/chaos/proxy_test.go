package chaos_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards TCP connections to a server. It can cut the connections and discard the responses of the server.
type proxy struct {
	listener net.Listener
	server   string
	discard  atomic.Bool // Whether to discard what the server sends.

	mutex sync.Mutex
	open  map[net.Conn]bool
}

// newProxy starts a proxy in front of the server, until the test ends.
func newProxy(t *testing.T, server string) *proxy {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	p := &proxy{listener: listener, server: server, open: map[net.Conn]bool{}}

	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}

			go p.forward(client)
		}
	}()

	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
	})

	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// forward copies data in both directions until either side closes.
func (p *proxy) forward(client net.Conn) {
	defer p.close(client)

	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}

	defer p.close(server)

	p.add(client, server)

	go func() {
		_, _ = io.Copy(server, client) // Any error closes the connection.
		_ = server.Close()
	}()

	_, _ = io.Copy(&responses{client, &p.discard}, server)
}

func (p *proxy) add(connections ...net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	for _, connection := range connections {
		p.open[connection] = true
	}
}

func (p *proxy) close(connection net.Conn) {
	_ = connection.Close()

	p.mutex.Lock()
	defer p.mutex.Unlock()

	delete(p.open, connection)
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	for connection := range p.open {
		_ = connection.Close()
	}
}

// responses writes the responses of a server to the client, or discards them.
type responses struct {
	client  net.Conn
	discard *atomic.Bool
}

func (r *responses) Write(p []byte) (int, error) {
	if r.discard.Load() {
		return len(p), nil
	}

	return r.client.Write(p)
}
