package sqlite

import (
	"fmt"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// largeBlock is the size in bytes from which a block counts. Pages and most values are smaller, and cost no time: only the
// allocation of a large block takes a lock. A query returns 2,000 columns at most, so the values of a record that do not count
// have less than 250 MiB together.
const largeBlock = 128 << 10

// memory limits the memory of all connections in the process. SQLite's own limits are for one value, and for all connections
// together: a statement that computes a record of many large values could take all memory of the process before its first
// record could be measured.
//
// SQLite has one allocator, which it uses from its first call on, so it is replaced before the process can open a database. If
// that fails, errMemory is the error, and no database is opened.
var memory, errMemory = newAllocator()

// allocator implements SQLite's memory allocation (https://www.sqlite.org/c3ref/mem_methods.html) by the allocator that SQLite
// uses by default. It refuses a connection large blocks beyond its limit, which ends the statement like a lack of memory.
type allocator struct {
	// The functions of the default allocator.
	malloc  func(tls *libc.TLS, size int32) uintptr
	free    func(tls *libc.TLS, address uintptr)
	realloc func(tls *libc.TLS, address uintptr, size int32) uintptr
	size    func(tls *libc.TLS, address uintptr) int32

	// SQLite calls these functions by address, so they must live as long as the process.
	limitedMalloc  func(tls *libc.TLS, size int32) uintptr
	limitedFree    func(tls *libc.TLS, address uintptr)
	limitedRealloc func(tls *libc.TLS, address uintptr, size int32) uintptr

	mu     sync.Mutex
	usages map[*libc.TLS]*memoryUsage // Of the open connections of this package. Others have no limit.
	blocks map[uintptr]*memoryUsage   // The usage to which a large block counts, by the block's address.
}

// memoryUsage is the memory that a connection uses.
type memoryUsage struct {
	bytes   int64 // The size of the large blocks.
	limit   int64
	refused bool // Whether the allocator has refused a block.
}

// newAllocator replaces SQLite's allocator. That is an error if SQLite is already in use.
func newAllocator() (*allocator, error) {
	tls := libc.NewTLS()
	defer tls.Close()

	methods := tls.Alloc(int(sizeOfMethods))
	defer tls.Free(int(sizeOfMethods))

	configure := func(option int32) error {
		argument := libc.NewVaList(methods)
		defer libc.Xfree(tls, argument)

		if code := sqlite3.Xsqlite3_config(tls, option, argument); code != sqlite3.SQLITE_OK {
			message := libc.GoString(sqlite3.Xsqlite3_errstr(tls, code))

			return fmt.Errorf("the memory of SQLite can't be limited: %s", message)
		}

		return nil
	}

	if err := configure(sqlite3.SQLITE_CONFIG_GETMALLOC); err != nil {
		return nil, err
	}

	native := methodsAt(methods)
	a := &allocator{
		malloc:  functionAt[func(*libc.TLS, int32) uintptr](native.FxMalloc),
		free:    functionAt[func(*libc.TLS, uintptr)](native.FxFree),
		realloc: functionAt[func(*libc.TLS, uintptr, int32) uintptr](native.FxRealloc),
		size:    functionAt[func(*libc.TLS, uintptr) int32](native.FxSize),
		usages:  map[*libc.TLS]*memoryUsage{},
		blocks:  map[uintptr]*memoryUsage{},
	}
	a.limitedMalloc, a.limitedFree, a.limitedRealloc = a.allocate, a.release, a.resize

	native.FxMalloc = functionPointer(&a.limitedMalloc)
	native.FxFree = functionPointer(&a.limitedFree)
	native.FxRealloc = functionPointer(&a.limitedRealloc)

	return a, configure(sqlite3.SQLITE_CONFIG_MALLOC)
}

// limit limits the large blocks of the connection that uses tls, in bytes, until release is called.
func (a *allocator) limit(tls *libc.TLS, bytes int64) (usage *memoryUsage, release func()) {
	usage = &memoryUsage{limit: bytes}

	a.mu.Lock()
	defer a.mu.Unlock()

	a.usages[tls] = usage

	return usage, func() {
		a.mu.Lock()
		defer a.mu.Unlock()

		delete(a.usages, tls)
	}
}

// allocate returns the address of a new block, or 0 if there is no memory.
func (a *allocator) allocate(tls *libc.TLS, size int32) uintptr {
	if size < largeBlock {
		return a.malloc(tls, size)
	}

	usage, ok := a.reserve(tls, size)
	if !ok {
		return 0
	}

	address := a.malloc(tls, size)
	a.count(usage, address, size)

	return address
}

// release frees a block.
func (a *allocator) release(tls *libc.TLS, address uintptr) {
	if size := a.size(tls, address); size >= largeBlock {
		a.discount(a.forget(address), size)
	}

	a.free(tls, address)
}

// resize returns the address of a block with the content of the block at address, which it frees, or 0 if there is no memory.
// For a moment, both blocks count.
func (a *allocator) resize(tls *libc.TLS, address uintptr, size int32) uintptr {
	before := a.size(tls, address)
	if before < largeBlock && size < largeBlock {
		return a.realloc(tls, address, size)
	}

	usage, ok := a.reserve(tls, size)
	if !ok {
		return 0
	}

	former := a.forget(address) // Before another connection can get a block at this address.

	resized := a.realloc(tls, address, size)
	a.count(usage, resized, size)

	if resized == 0 {
		a.remember(former, address)
	} else {
		a.discount(former, before)
	}

	return resized
}

// reserve adds a block to the usage of the connection that uses tls, and returns the usage; nil if the block does not count.
// It reports whether the block is allowed.
func (a *allocator) reserve(tls *libc.TLS, size int32) (*memoryUsage, bool) {
	if size < largeBlock {
		return nil, true
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	usage := a.usages[tls]
	if usage == nil {
		return nil, true
	}

	if usage.bytes+int64(size) > usage.limit {
		usage.refused = true

		return nil, false
	}

	usage.bytes += int64(size)

	return usage, true
}

// count assigns a reserved block to the usage to which it counts. Address 0 means that there was no memory for the block.
func (a *allocator) count(usage *memoryUsage, address uintptr, size int32) {
	if address == 0 {
		a.discount(usage, size)
	} else {
		a.remember(usage, address)
	}
}

// discount subtracts a block that is free from the usage to which it counted.
func (a *allocator) discount(usage *memoryUsage, size int32) {
	if usage == nil {
		return
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	usage.bytes -= int64(size)
}

// remember records that the block at address counts to a usage.
func (a *allocator) remember(usage *memoryUsage, address uintptr) {
	if usage == nil {
		return
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	a.blocks[address] = usage
}

// forget returns the usage to which the block at address counts; nil if it does not count.
func (a *allocator) forget(address uintptr) *memoryUsage {
	a.mu.Lock()
	defer a.mu.Unlock()

	usage := a.blocks[address]
	delete(a.blocks, address)

	return usage
}
