package mysql_test

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy forwards connections to the server, and can cut a connection at a statement.
type proxy struct {
	server string

	mu       sync.Mutex
	at       []byte // The beginning of the statement as the client sends it.
	skips    int    // The number of such statements that are forwarded before.
	answered bool   // Whether the server receives the statement, and only its response is lost.
	cuts     int    // The number of cut connections.
}

// through returns a source that connects to the database of stage through a proxy.
func through(t *testing.T, stage *database) (*database, *proxy) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	p := &proxy{server: stage.address}

	var serving sync.WaitGroup

	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}

			serving.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })

	return openAt(t, strings.Replace(stage.dsn, stage.address, listener.Addr().String(), 1)), p
}

// cut makes the proxy cut the connection that sends the statement after skips such statements.
func (p *proxy) cut(statement string, skips int, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.at, p.skips, p.answered, p.cuts = append([]byte{3}, statement...), skips, answered, 0 // 3 is COM_QUERY.
}

// count returns the number of connections cut since the last call of cut.
func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.cuts
}

// isCut reports whether to cut the connection that has sent these bytes, and whether the server receives them.
func (p *proxy) isCut(sent []byte) (cut, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.at == nil || !bytes.Contains(sent, p.at) {
		return false, false
	}

	if p.skips > 0 {
		p.skips--

		return false, false
	}

	p.at = nil
	p.cuts++

	return true, p.answered
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()

	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()

	lost := make(chan struct{}) // Closed when responses are no longer forwarded.
	ended := make(chan struct{})

	go func() {
		defer close(ended)
		defer func() { _ = client.Close() }()

		for buffer := make([]byte, 64<<10); ; {
			count, err := server.Read(buffer)
			if err != nil {
				return
			}

			select {
			case <-lost:
				return
			default:
			}

			if _, err := client.Write(buffer[:count]); err != nil {
				return
			}
		}
	}()

	for buffer := make([]byte, 64<<10); ; {
		count, err := client.Read(buffer)
		if err != nil {
			break
		}

		cut, answered := p.isCut(buffer[:count])
		if cut && !answered {
			break
		}

		if cut {
			close(lost)
		}

		if _, err := server.Write(buffer[:count]); err != nil || cut {
			if cut {
				<-ended // The server has executed the statement.
			}

			break
		}
	}

	_ = client.Close()
	_ = server.Close()

	<-ended
}
