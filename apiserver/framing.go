package apiserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/jobservice"
)

// A request with both Content-Length and Transfer-Encoding has two possible ends, of which a proxy may choose another one than
// the server: the rest is then a request that the proxy has not seen. net/http ignores the Content-Length and removes it from
// the header. So that such requests can be refused, the server records the header as it arrives.

// recordingListener returns connections that record the header of each request.
type recordingListener struct{ net.Listener }

// Accept waits for a connection.
func (l recordingListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}

	return &recordingConn{Conn: accepted}, nil
}

// recordingConn records what arrives from the beginning of a request to the end of its header.
type recordingConn struct {
	net.Conn

	mutex    sync.Mutex
	head     []byte
	isAtBody bool // Whether the header is complete.
}

// Read reads from the connection.
func (c *recordingConn) Read(part []byte) (int, error) {
	read, err := c.Conn.Read(part)

	c.mutex.Lock()
	defer c.mutex.Unlock()

	if !c.isAtBody {
		c.head = append(c.head, part[:read]...)
		c.isAtBody = bytes.Contains(c.head, []byte("\n\r\n")) || bytes.Contains(c.head, []byte("\n\n")) ||
			len(c.head) > 2*maxHeader
	}

	return read, err
}

// reset forgets a request. It must be called before the client has the whole response and sends the next request.
func (c *recordingConn) reset() {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.head, c.isAtBody = c.head[:0], false
}

// withoutHTTP2 returns a configuration of TLS for connections that are recorded: the standard library could not speak
// HTTP/2 on them.
func withoutHTTP2(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}

	return config
}

// state returns the state of TLS, or nil if the connection is not encrypted. The standard library does not see it, because the
// connection that it has is the one that records.
func (c *recordingConn) state() *tls.ConnectionState {
	encrypted, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}

	state := encrypted.ConnectionState()

	return &state
}

// hasOneLength reports whether the header has no Content-Length beside the Transfer-Encoding of the request. It is false also
// if the beginning of the header is unknown, because it arrived before the response to the previous request.
func (c *recordingConn) hasOneLength(r *http.Request) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	head := string(bytes.TrimLeft(c.head, "\r\n"))
	if !strings.HasPrefix(head, r.Method+" "+r.RequestURI+" ") {
		return false
	}

	for line := range strings.Lines(head) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}

		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			return false
		}
	}

	return true
}

type connContextKey struct{}

// withConn adds the connection to the context of its requests.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connContextKey{}, conn)
}

// connOf returns the connection of a request, or nil if the server does not record it, as in tests.
func connOf(r *http.Request) *recordingConn {
	conn, _ := r.Context().Value(connContextKey{}).(*recordingConn)

	return conn
}

// refuseTwoLengths refuses a request with both Content-Length and Transfer-Encoding. As its body is not read, the connection
// is closed.
func (s *Server) refuseTwoLengths(c *gin.Context) {
	conn := connOf(c.Request)
	if conn == nil || len(c.Request.TransferEncoding) == 0 || conn.hasOneLength(c.Request) {
		return
	}

	setReadDeadline(c, time.Now()) // The rest of the connection is not read.
	s.respondError(c, jobservice.Invalid(
		"a request with Transfer-Encoding can't have a Content-Length, and must wait for the response to the one before"))
}
