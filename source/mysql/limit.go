package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"math"
	"net"
	"syscall"

	"github.com/jobwright/jobwright/source"
)

// readAhead is the number of bytes that the library may read in addition to a record: the rest of its buffer, and the
// overhead of TLS.
const readAhead = 4 << 20

// readLimit limits the bytes that a connection reads for one record. The library collects the packets of a record of any
// size in memory, and offers no other way to limit them. One goroutine at a time uses a connection.
type readLimit struct {
	left     int64
	exceeded bool
}

// begin allows the connection to read one more record.
func (l *readLimit) begin() { l.left = source.MaxRecord + readAhead }

// lift allows the connection to read any number of bytes.
func (l *readLimit) lift() { l.left = math.MaxInt64 }

// isNear reports whether the record since begin may exceed [source.MaxRecord], though the connection has read all of it.
func (l *readLimit) isNear() bool { return l.left < readAhead }

// errTooLarge ends a connection that has exceeded its limit. The library returns another error in its place.
var errTooLarge = errors.New("the record is too large")

// limitedConn is a network connection with a limit.
type limitedConn struct {
	net.Conn

	limit *readLimit
}

func (c *limitedConn) Read(into []byte) (int, error) {
	if c.limit.left <= 0 {
		c.limit.exceeded = true

		return 0, errTooLarge
	}

	n, err := c.Conn.Read(into[:min(int64(len(into)), c.limit.left)])
	c.limit.left -= int64(n)

	return n, err
}

// SyscallConn implements syscall.Conn, with which the library checks that an idle connection still exists.
func (c *limitedConn) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}

	return conn.SyscallConn()
}

// limitKey is the key of a connection's limit in the context in which the connection is dialed.
type limitKey struct{}

// dial connects to a server. The limit of the connection is that of ctx.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}

	limit, _ := ctx.Value(limitKey{}).(*readLimit)

	return &limitedConn{conn, limit}, nil
}

// limitedConnector opens connections whose limit is known.
type limitedConnector struct{ driver.Connector }

func (c limitedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	limit := new(readLimit)
	limit.lift()

	conn, err := c.Connector.Connect(context.WithValue(ctx, limitKey{}, limit))
	if err != nil {
		return nil, err
	}

	native, ok := conn.(nativeConn)
	if !ok {
		return nil, errors.Join(errors.ErrUnsupported, conn.Close())
	}

	return &limitedSession{native, limit}, nil
}

// nativeConn are the interfaces of the library's connections that package sql uses.
type nativeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// limitedSession is a connection of the library with its limit.
type limitedSession struct {
	nativeConn

	limit *readLimit
}
