package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

const (
	// busyTimeout limits the wait for a lock that another process holds. SQLite retries every busyInterval.
	busyTimeout  = 10 * time.Second
	busyInterval = 10 * time.Millisecond

	// progressInterval is the number of SQLite's virtual machine instructions between two calls of the progress handler,
	// which interrupts statements. A smaller number slows SQLite down; this one usually interrupts within a millisecond.
	progressInterval = 1000
)

// connection is a connection to the database file. Only one goroutine may use it at a time, except for closing.
//
// It calls SQLite's C interface (https://www.sqlite.org/c3ref/intro.html) as modernc.org/sqlite/lib translates it to Go. The
// package comment says why.
type connection struct {
	tls *libc.TLS
	db  uintptr

	// interrupted ends the running statement. Each call of watch stores a new one, so the end of an earlier context
	// interrupts nothing.
	interrupted *atomic.Bool
	done        <-chan struct{} // Closed when the watched context ends.
	closing     atomic.Bool     // Ends the running statement because its rows are being closed.
	deny        rule            // What the authorizer denies; nil if it denies nothing.
	denied      string          // Why the authorizer last denied an action.
	memory      *memoryUsage
	queries     statementCache
	unlimit     func() // Ends the limit of memory.

	// SQLite calls these callbacks by address, so they must live as long as the connection.
	progress  func(tls *libc.TLS, _ uintptr) int32
	busy      func(tls *libc.TLS, _ uintptr, count int32) int32
	authorize func(tls *libc.TLS, _ uintptr, action int32, first, second, database, trigger uintptr) int32
}

// connect opens the database file and creates it if it is missing. Readers continue while a table is written (WAL), and
// committed records survive a power failure (synchronous FULL): a step that is recorded as done is done.
func connect(ctx context.Context, path string, size size) (*connection, error) {
	if errMemory != nil {
		return nil, errMemory
	}

	create(path)

	c := &connection{tls: libc.NewTLS(), interrupted: new(atomic.Bool)}
	c.memory, c.unlimit = memory.limit(c.tls, size.blocks)

	if err := c.open(path); err != nil {
		return nil, errors.Join(err, c.close())
	}

	defer c.watch(ctx)()

	for _, pragma := range []string{"journal_mode = WAL", "synchronous = FULL", fmt.Sprintf("cache_size = -%d", size.cache<<10)} {
		if err := c.execute("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}

	return c, nil
}

// creating excludes other connections while a file is created: closing a file releases all locks of the process on it.
var creating sync.Mutex

// create creates the database file if it is missing, so that only the user and the group of the process can read it, also with
// a weaker umask. SQLite gives its other files the same permissions, and reports why a file can't be created.
func create(path string) {
	creating.Lock()
	defer creating.Unlock()

	//nolint:gosec // The app's definition names the file.
	if file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640); err == nil {
		_ = file.Close()
	}
}

func (c *connection) open(path string) error {
	name, err := libc.CString(path)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)

	handle := c.tls.Alloc(int(pointerSize))
	defer c.tls.Free(int(pointerSize))

	// NOMUTEX: no two goroutines use the connection at a time.
	code := sqlite3.Xsqlite3_open_v2(c.tls, name, handle,
		sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = pointerAt(handle)

	if code != sqlite3.SQLITE_OK {
		return c.lastError(code)
	}

	// SQLite refuses longer values and records before it allocates their memory.
	sqlite3.Xsqlite3_limit(c.tls, c.db, sqlite3.SQLITE_LIMIT_LENGTH, source.MaxRecord)

	c.progress = func(*libc.TLS, uintptr) int32 { return libc.BoolInt32(c.interrupted.Load() || c.closing.Load()) }
	c.busy = func(_ *libc.TLS, _ uintptr, count int32) int32 { return libc.BoolInt32(c.retryLock(count)) }

	sqlite3.Xsqlite3_progress_handler(c.tls, c.db, progressInterval, functionPointer(&c.progress), 0)
	sqlite3.Xsqlite3_busy_handler(c.tls, c.db, functionPointer(&c.busy), 0)

	return nil
}

// retryLock waits for busyInterval, after the given number of retries, and reports whether SQLite should try again to lock
// the database.
func (c *connection) retryLock(retries int32) bool {
	if c.closing.Load() || time.Duration(retries)*busyInterval >= busyTimeout {
		return false
	}

	timer := time.NewTimer(busyInterval)
	defer timer.Stop()

	select {
	case <-timer.C:
		return true
	case <-c.done:
		return false
	}
}

// close closes the connection. The caller closes its statements first.
func (c *connection) close() error {
	c.queries.close()

	var err error
	if code := sqlite3.Xsqlite3_close_v2(c.tls, c.db); code != sqlite3.SQLITE_OK {
		err = c.lastError(code)
	}

	c.unlimit()
	c.tls.Close()

	return err
}

// watch interrupts the connection's statements when ctx ends, until release is called.
func (c *connection) watch(ctx context.Context) (release func()) {
	interrupted := new(atomic.Bool)
	c.interrupted, c.done = interrupted, ctx.Done()
	unwatch := context.AfterFunc(ctx, func() { interrupted.Store(true) })

	return func() {
		unwatch()

		c.interrupted, c.done = new(atomic.Bool), nil
	}
}

// lastError returns SQLite's error for the code that its last call returned.
func (c *connection) lastError(code int32) error {
	message := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)) // "out of memory" if open allocated no connection.

	if code&primaryCode == sqlite3.SQLITE_NOMEM && c.memory.refused {
		code, message = sqlite3.SQLITE_TOOBIG, "string or blob too big"
	}

	return &nativeError{code: code, message: message, denied: c.denied}
}

// prepare compiles one statement.
func (c *connection) prepare(text string) (*statement, error) {
	if strings.Contains(text, "\x00") {
		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "a statement can't contain the character NUL"}
	}

	native, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, native)

	results := c.tls.Alloc(2 * int(pointerSize)) // The statement, and the address of the text after it.
	defer c.tls.Free(2 * int(pointerSize))

	tail := results + pointerSize
	c.denied, c.memory.refused = "", false

	code := sqlite3.Xsqlite3_prepare_v2(c.tls, c.db, native, -1, results, tail)
	if code != sqlite3.SQLITE_OK {
		return nil, c.lastError(code)
	}

	prepared := &statement{c: c, sql: text, handle: pointerAt(results)}

	if prepared.handle == 0 {
		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "there is no statement"}
	}

	if rest := text[pointerAt(tail)-native:]; len(sqltext.SQLite.Statements(rest)) > 0 {
		prepared.close()

		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "there is more than one statement"}
	}

	return prepared, nil
}

// execute runs a statement with values for its parameters, and ignores the records that it returns.
func (c *connection) execute(text string, values ...any) error {
	return c.each(text, values, func(*statement) error { return nil })
}

// each calls visit for each record that a statement returns.
func (c *connection) each(text string, values []any, visit func(row *statement) error) error {
	prepared, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer prepared.close()

	if err := prepared.bind(values); err != nil {
		return err
	}

	for {
		row, err := prepared.step()
		if err != nil || !row {
			return err
		}

		if err := visit(prepared); err != nil {
			return err
		}
	}
}

// transaction runs work in a transaction. It commits if work succeeds and ctx has not ended; otherwise it rolls back.
func (c *connection) transaction(ctx context.Context, work func() error) error {
	release := c.watch(ctx)
	defer release()

	// IMMEDIATE takes the write lock now: a transaction that takes it later can fail with no way to continue.
	if err := c.execute("BEGIN IMMEDIATE"); err != nil {
		return err
	}

	err := work()
	if err == nil {
		err = ctx.Err()
	}

	if err == nil {
		err = c.execute("COMMIT")
	}

	// Some errors end the transaction themselves.
	if err != nil && c.inTransaction() {
		release() // The end of ctx must not interrupt the rollback.

		return errors.Join(err, c.execute("ROLLBACK"))
	}

	return err
}

func (c *connection) inTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// maxIdleCache is the size of the pages, in bytes, that an idle connection keeps in memory. A small query is faster if it need
// not read the upper pages of its tables and indexes again.
const maxIdleCache = 256 << 10

// releaseMemory frees memory that an idle connection does not need.
func (c *connection) releaseMemory() {
	counts := c.tls.Alloc(2 * int(pointerSize)) // The size now, and the largest one.
	defer c.tls.Free(2 * int(pointerSize))

	code := sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_USED, counts, counts+pointerSize, 0)
	if code != sqlite3.SQLITE_OK || int32At(counts) > maxIdleCache {
		sqlite3.Xsqlite3_db_release_memory(c.tls, c.db)
	}
}

// changes returns the number of records changed since the connection was opened.
func (c *connection) changes() int64 { return sqlite3.Xsqlite3_total_changes64(c.tls, c.db) }

// lastChanges returns the number of records changed by the last INSERT, UPDATE or DELETE.
func (c *connection) lastChanges() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }
