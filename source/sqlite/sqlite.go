// Package sqlite is the driver of SQLiteSource: a database in one file, which needs no server.
package sqlite

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // Registers the database/sql driver "sqlite", which needs no C compiler.

	"github.com/jobwright/jobwright/source"
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "SQLiteSource"

// options are the options of a SQLiteSource in app.yaml.
type options struct {
	// The database file, relative to the folder in which the app's sources keep data; <name>.db by default. It is created
	// when it is missing.
	Path string `json:"path"`
}

// Source is one database file.
type Source struct {
	name string
	path string
	db   *sql.DB
}

var (
	_ source.Reader  = (*Source)(nil)
	_ source.Querier = (*Source)(nil)
	_ source.Writer  = (*Source)(nil)
)

// Open opens the database file that definition names, and creates it when it is missing.
func Open(_ context.Context, definition source.Definition, place source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	path := opts.Path
	if path == "" {
		path = definition.Name + ".db"
	}

	if !filepath.IsAbs(path) {
		path = filepath.Join(place.DataDir, path)
	}

	s := &Source{name: definition.Name}

	var err error
	if s.path, err = filepath.Abs(path); err != nil { // A file: URL has no relative paths.
		return nil, s.classify("", err)
	}

	if err := os.MkdirAll(filepath.Dir(s.path), 0o750); err != nil {
		return nil, s.classify("", err)
	}

	if s.db, err = sql.Open("sqlite", s.dsn()); err != nil {
		return nil, s.classify("", err)
	}

	return s, nil
}

// Close closes the connections to the database.
func (s *Source) Close() error { return s.db.Close() }

// dsn makes every connection wait for a lock instead of failing at once, lets readers go on while a table is replaced
// (WAL), and survives a power cut with every committed row (synchronous FULL): a step that was recorded as done is done.
func (s *Source) dsn() string {
	query := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}

	return (&url.URL{Scheme: "file", Path: s.path, RawQuery: query.Encode()}).String()
}
