package sqlite

import (
	sqlite3 "modernc.org/sqlite/lib"
)

// arenaSize is how much of the texts of records an arena holds without asking SQLite for more.
const arenaSize = 64 << 10

// arena holds texts where SQLite can read them: its own memory, for it does not read Go's. All of them go at once.
type arena struct {
	c       *connection
	address uintptr
	memory  []byte
	used    int
	more    []uintptr // What did not fit.
}

func newArena(c *connection) (*arena, error) {
	first := sqlite3.Xsqlite3_malloc64(c.tls, arenaSize)
	if first == 0 {
		return nil, c.failure(sqlite3.SQLITE_NOMEM)
	}

	return &arena{c: c, address: first, memory: bytesAt(first, arenaSize)}, nil
}

// hold stores text, and returns its address. That of empty text is one too, since SQLite takes none for NULL.
func hold[T string | []byte](a *arena, text T) (uintptr, error) {
	if len(text) <= len(a.memory)-a.used {
		at := a.address + uintptr(a.used)
		a.used += copy(a.memory[a.used:], text)

		return at, nil
	}

	at := sqlite3.Xsqlite3_malloc64(a.c.tls, uint64(len(text)))
	if at == 0 {
		return 0, a.c.failure(sqlite3.SQLITE_NOMEM)
	}

	a.more = append(a.more, at)
	copy(bytesAt(at, len(text)), text)

	return at, nil
}

// clear lets go of all texts.
func (a *arena) clear() {
	for _, address := range a.more {
		sqlite3.Xsqlite3_free(a.c.tls, address)
	}

	a.more, a.used = a.more[:0], 0
}

// close gives the memory back.
func (a *arena) close() {
	a.clear()
	sqlite3.Xsqlite3_free(a.c.tls, a.address)
}
