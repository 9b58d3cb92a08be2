package sqlite

import (
	"slices"

	sqlite3 "modernc.org/sqlite/lib"
)

// Bounds of the statements that a connection keeps prepared.
const (
	maxCachedStatements = 16
	maxCachedText       = 4 << 10 // Bytes. The memory of a statement grows with its text.
)

// statementCache contains prepared queries of one connection that are not in use. SQLite compiles a statement again when it runs
// after a change of the schema.
type statementCache struct {
	idle []*statement // The one that was used last is the last.
}

// take removes the statement with that text from the cache and returns it, or nil.
func (s *statementCache) take(text string) *statement {
	at := slices.IndexFunc(s.idle, func(cached *statement) bool { return cached.sql == text })
	if at < 0 {
		return nil
	}

	found := s.idle[at]
	s.idle = slices.Delete(s.idle, at, at+1)

	return found
}

// put adds a query to the cache. It closes other statements, and those that have failed.
func (s *statementCache) put(prepared *statement) {
	if !prepared.isQuery || prepared.failed || len(prepared.sql) > maxCachedText {
		prepared.close()

		return
	}

	prepared.reset()
	sqlite3.Xsqlite3_clear_bindings(prepared.c.tls, prepared.handle) // Frees bound texts.

	if len(s.idle) == maxCachedStatements {
		s.idle[0].close()
		s.idle = slices.Delete(s.idle, 0, 1)
	}

	s.idle = append(s.idle, prepared)
}

// close closes the statements.
func (s *statementCache) close() {
	for _, cached := range s.idle {
		cached.close()
	}

	s.idle = nil
}

// prepareQuery returns a query of the cache, or compiles it. The caller has restricted the connection by [denyInQuery], which
// applies to all statements in the cache, and puts the query into the cache after use.
func (c *connection) prepareQuery(text string) (*statement, error) {
	if cached := c.queries.take(text); cached != nil {
		c.denied, c.memory.refused = "", false

		return cached, nil
	}

	prepared, err := c.prepare(text)
	if err == nil {
		prepared.isQuery = true
	}

	return prepared, err
}
