package chaos_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy passes connections on to a server, until it is told to break them.
type proxy struct {
	listener net.Listener
	server   string
	mute     atomic.Bool // Whether what the server answers is thrown away.

	mutex sync.Mutex
	open  map[net.Conn]bool
}

// newProxy begins to pass connections on to server.
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

			go p.pass(client)
		}
	}()

	t.Cleanup(func() {
		_ = listener.Close() // Nobody comes any more.
		p.cut()
	})

	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// pass passes on what comes, both ways, until one of the two ends.
func (p *proxy) pass(client net.Conn) {
	defer p.forget(client)

	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}

	defer p.forget(server)

	p.remember(client, server)

	go func() {
		_, _ = io.Copy(server, client) // Whatever ends it, ends the connection.
		_ = server.Close()
	}()

	_, _ = io.Copy(&answers{client, &p.mute}, server)
}

func (p *proxy) remember(connections ...net.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	for _, one := range connections {
		p.open[one] = true
	}
}

func (p *proxy) forget(connection net.Conn) {
	_ = connection.Close()

	p.mutex.Lock()
	defer p.mutex.Unlock()

	delete(p.open, connection)
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	for one := range p.open {
		_ = one.Close()
	}
}

// answers passes on what a server answers, unless it is lost.
type answers struct {
	client net.Conn
	mute   *atomic.Bool
}

func (a *answers) Write(p []byte) (int, error) {
	if a.mute.Load() {
		return len(p), nil
	}

	return a.client.Write(p)
}
