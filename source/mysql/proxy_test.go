package mysql_test

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a source and the server, and can cut a connection at a statement.
type proxy struct {
	server string

	mu       sync.Mutex
	at       []byte // The statement's beginning, as it is sent.
	skips    int    // How many such statements are let through before.
	answered bool   // Whether the server gets it, and the client loses the answer. Otherwise it is lost itself.
	cuts     int    // How many connections were cut.
}

// through returns a stage that reaches the database of another by a proxy.
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

// cut lets the next connection be cut that sends the statement once more than skips times.
func (p *proxy) cut(statement string, skips int, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.at, p.skips, p.answered, p.cuts = append([]byte{3}, statement...), skips, answered, 0 // 3 is COM_QUERY.
}

// count returns how many connections were cut since then.
func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.cuts
}

// isCut reports whether the connection is to be cut that sends this.
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

	lost := make(chan struct{}) // Is closed when answers are lost from now on.
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
				<-ended // The server has done it.
			}

			break
		}
	}

	_ = client.Close()
	_ = server.Close()

	<-ended
}
