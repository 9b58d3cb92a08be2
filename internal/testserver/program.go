package testserver

// StartPostgreSQL starts a server for a program that is not a test. [Close] stops it and removes its databases.
func StartPostgreSQL(options PostgreSQLOptions) (*PostgreSQLServer, error) {
	return startPostgreSQL(options)
}

// Close stops all servers that the program has started, and removes their folders.
func Close() error { return servers.close() }

// URL returns the connection URL of a database of the server.
func (s *PostgreSQLServer) URL(database string) string { return s.url(database) }

// PID returns the ID of the server's process, whose children serve the connections.
func (s *PostgreSQLServer) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.command.Process.Pid
}
