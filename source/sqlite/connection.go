package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/jobwright/jobwright/source/sqltext"
)

const (
	// busyTimeout is how long a lock is waited for that another process holds, and busyStep how long between two looks.
	busyTimeout = 10 * time.Second
	busyStep    = 10 * time.Millisecond

	// stepsBetweenLooks is how many steps of its virtual machine SQLite makes before it asks whether it is to end: few
	// enough to end at once, and too many to slow it down.
	stepsBetweenLooks = 1000
)

// connection is a connection to the database file, used by one goroutine at a time.
//
// It calls SQLite's C interface (https://www.sqlite.org/c3ref/intro.html) in its translation to Go, and not the driver for
// database/sql that comes with it: that one took twice as long to write a table, and to read one, and can't end a query
// once it has returned its first record. What is unsafe is in this file, but for a text that decode looks at in its place.
type connection struct {
	tls *libc.TLS
	db  uintptr

	// stopped ends what runs. It is another one for each watch, so that the end of a context which is watched no longer
	// stops nothing.
	stopped   *atomic.Bool
	ended     <-chan struct{} // Is closed at the end of the context.
	abandoned atomic.Bool     // Ends what runs because nobody waits for it.
	refused   string          // What the authorizer refused last.

	// SQLite calls these by their addresses, so they must not go before the connection does.
	progress  func(tls *libc.TLS, _ uintptr) int32
	busy      func(tls *libc.TLS, _ uintptr, count int32) int32
	authorize func(tls *libc.TLS, _ uintptr, action int32, first, second, database, trigger uintptr) int32
}

// at is the memory at an address that SQLite gave.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) } //nolint:gosec // It is outside of Go's heap.

// bytesAt are so many bytes of that memory.
func bytesAt(address uintptr, length int) []byte {
	return unsafe.Slice(at[byte](address), length) //nolint:gosec // SQLite gave the length, too.
}

// address is what C would call the pointer to a function.
func address[F any](function *F) uintptr {
	return *(*uintptr)(unsafe.Pointer(function)) //nolint:gosec // A function's value is a pointer.
}

// connect opens the database file, and creates it when it is missing. It lets readers go on while a table is written
// (WAL), and survives a power cut with every committed row (synchronous FULL): a step that was recorded as done is done.
// It keeps so many MiB of the file in memory.
func connect(ctx context.Context, path string, cache int) (*connection, error) {
	c := &connection{tls: libc.NewTLS(), stopped: new(atomic.Bool)}

	if err := c.open(path); err != nil {
		return nil, errors.Join(err, c.close())
	}

	defer c.watch(ctx)()

	for _, pragma := range []string{"journal_mode = WAL", "synchronous = FULL", fmt.Sprintf("cache_size = -%d", cache<<10)} {
		if err := c.execute("PRAGMA " + pragma); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}

	return c, nil
}

func (c *connection) open(path string) error {
	name, err := libc.CString(path)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)

	handle := c.tls.Alloc(int(unsafe.Sizeof(c.db)))
	defer c.tls.Free(int(unsafe.Sizeof(c.db)))

	// Without a mutex of its own, since no two goroutines use it at a time.
	code := sqlite3.Xsqlite3_open_v2(c.tls, name, handle,
		sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *at[uintptr](handle)

	if code != sqlite3.SQLITE_OK {
		return c.failure(code)
	}

	c.progress = func(*libc.TLS, uintptr) int32 { return libc.BoolInt32(c.stopped.Load() || c.abandoned.Load()) }
	c.busy = func(_ *libc.TLS, _ uintptr, count int32) int32 { return libc.BoolInt32(c.waitsForLock(count)) }

	sqlite3.Xsqlite3_progress_handler(c.tls, c.db, stepsBetweenLooks, address(&c.progress), 0)
	sqlite3.Xsqlite3_busy_handler(c.tls, c.db, address(&c.busy), 0)

	return nil
}

// waitsForLock waits a moment for a lock, after so many others. It reports whether SQLite is to look again.
func (c *connection) waitsForLock(before int32) bool {
	if c.abandoned.Load() || time.Duration(before)*busyStep >= busyTimeout {
		return false
	}

	timer := time.NewTimer(busyStep)
	defer timer.Stop()

	select {
	case <-timer.C:
		return true
	case <-c.ended:
		return false
	}
}

// close gives the connection up. Its statements are closed before.
func (c *connection) close() error {
	var err error
	if code := sqlite3.Xsqlite3_close_v2(c.tls, c.db); code != sqlite3.SQLITE_OK {
		err = c.failure(code)
	}

	c.tls.Close()

	return err
}

// watch lets what runs on the connection end with ctx, until release is called.
func (c *connection) watch(ctx context.Context) (release func()) {
	stopped := new(atomic.Bool)
	c.stopped, c.ended = stopped, ctx.Done()
	unwatch := context.AfterFunc(ctx, func() { stopped.Store(true) })

	return func() {
		unwatch()

		c.stopped, c.ended = new(atomic.Bool), nil
	}
}

// failure is SQLite's error for a code that it returned just now.
func (c *connection) failure(code int32) error {
	message := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)) // Without a connection, that the memory is exhausted.

	return &nativeError{code: code, message: message, refused: c.refused}
}

// prepare compiles one statement.
func (c *connection) prepare(text string) (*statement, error) {
	if strings.Contains(text, "\x00") {
		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "a statement can't hold the character NUL"}
	}

	native, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, native)

	size := int(unsafe.Sizeof(c.db))
	results := c.tls.Alloc(2 * size) // The statement, and the address of what comes behind it.
	defer c.tls.Free(2 * size)

	behind := results + uintptr(size)
	c.refused = ""

	code := sqlite3.Xsqlite3_prepare_v2(c.tls, c.db, native, -1, results, behind)
	if code != sqlite3.SQLITE_OK {
		return nil, c.failure(code)
	}

	prepared := &statement{c: c, handle: *at[uintptr](results)}

	if prepared.handle == 0 {
		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "there is no statement"}
	}

	if rest := text[*at[uintptr](behind)-native:]; len(sqltext.SQLite.Statements(rest)) > 0 {
		prepared.close()

		return nil, &nativeError{code: sqlite3.SQLITE_ERROR, message: "there is more than one statement"}
	}

	return prepared, nil
}

// execute runs a statement with those values for its parameters, whatever it returns.
func (c *connection) execute(text string, values ...any) error {
	return c.each(text, values, func(*statement) error { return nil })
}

// each calls visit at each record that a statement returns.
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

// transaction runs work in a transaction, which ends with all of it or nothing.
func (c *connection) transaction(ctx context.Context, work func() error) error {
	release := c.watch(ctx)
	defer release()

	// It takes the lock at once: to take it later could fail, with nothing to do about it but to begin anew.
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

	// An error may have ended the transaction already.
	if err != nil && c.inTransaction() {
		release() // The context's end must not stop this.

		return errors.Join(err, c.execute("ROLLBACK"))
	}

	return err
}

func (c *connection) inTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// rest gives back the memory that the connection does not need while nobody uses it.
func (c *connection) rest() { sqlite3.Xsqlite3_db_release_memory(c.tls, c.db) }

// changes returns how many records were changed since the connection was opened.
func (c *connection) changes() int64 { return sqlite3.Xsqlite3_total_changes64(c.tls, c.db) }

// lastChanges returns how many records the last statement that can change some did change.
func (c *connection) lastChanges() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }
