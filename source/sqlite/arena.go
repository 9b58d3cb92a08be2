package sqlite

import (
	sqlite3 "modernc.org/sqlite/lib"
)

// arenaSize is the size in bytes of an arena's block.
const arenaSize = 64 << 10

// arena stores texts and binaries in SQLite's memory, where parameters can refer to them: SQLite does not read Go's memory.
// reset frees all of them at once.
type arena struct {
	c        *connection
	address  uintptr
	block    []byte
	used     int
	overflow []uintptr // Allocations for values that did not fit into the block.
	large    int       // Their size in bytes.
}

func newArena(c *connection) (*arena, error) {
	address := sqlite3.Xsqlite3_malloc64(c.tls, arenaSize)
	if address == 0 {
		return nil, c.lastError(sqlite3.SQLITE_NOMEM)
	}

	return &arena{c: c, address: address, block: bytesAt(address, arenaSize)}, nil
}

// store copies value into the arena and returns its address. The address of an empty value is not 0, which SQLite would
// read as NULL.
func store[T string | []byte](a *arena, value T) (uintptr, error) {
	if len(value) <= len(a.block)-a.used {
		address := a.address + uintptr(a.used)
		a.used += copy(a.block[a.used:], value)

		return address, nil
	}

	address := sqlite3.Xsqlite3_malloc64(a.c.tls, uint64(len(value)))
	if address == 0 {
		return 0, a.c.lastError(sqlite3.SQLITE_NOMEM)
	}

	a.overflow = append(a.overflow, address)
	a.large += len(value)
	copy(bytesAt(address, len(value)), value)

	return address, nil
}

// reset removes all values, and retains the block.
func (a *arena) reset() {
	for _, address := range a.overflow {
		sqlite3.Xsqlite3_free(a.c.tls, address)
	}

	a.overflow, a.large, a.used = a.overflow[:0], 0, 0
}

// close frees the arena's memory.
func (a *arena) close() {
	a.reset()
	sqlite3.Xsqlite3_free(a.c.tls, a.address)
}
