package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/jobwright/jobwright/source"
)

// Names of tables that stand beside those that they are to replace: jobwright_<which table>_<which write>_new, and _old.
const (
	besidePrefix = "jobwright_"
	newSuffix    = "_new"
	oldSuffix    = "_old"
)

// beside returns with what the names of all tables begin that ever stand beside a table.
func beside(table source.Table) string {
	hash := sha256.Sum256([]byte(table.Space + "\x00" + table.Name))

	return besidePrefix + hex.EncodeToString(hash[:8]) + "_"
}

// replace makes a table of the rows and puts it in the place of the one that is there, if there is one. Data definitions
// commit at once in MySQL; so it is made beside.
func (w *writer) replace(ctx context.Context, old *table) (source.Written, error) {
	if err := w.checkReferences(ctx, old); err != nil {
		return source.Written{}, err
	}

	if err := w.removeLeftovers(ctx); err != nil {
		return source.Written{}, err
	}

	// While the lock is held, what stands beside is no leftover. It ends with the connection.
	lock := beside(w.table) + uuid.NewString()[:8]
	if _, err := w.session.lock(ctx, lock); err != nil {
		return source.Written{}, err
	}

	built := source.Table{Space: w.table.Space, Name: lock + newSuffix}

	written, err := w.build(ctx, built)
	if err == nil {
		err = w.swap(ctx, old, built, source.Table{Space: w.table.Space, Name: lock + oldSuffix}, written)
	}

	if err != nil {
		w.session.unwatch()
		// Where this fails too, the next replace does it.
		_ = w.session.source.executeAside(ctx, "DROP TABLE IF EXISTS "+quoteTable(built))

		return source.Written{}, err
	}

	return written, w.session.execute(ctx, "DO RELEASE_LOCK('"+lock+"')")
}

// build makes and fills the table beside.
func (w *writer) build(ctx context.Context, built source.Table) (source.Written, error) {
	definitions, conversions := w.define()
	if err := w.session.execute(ctx,
		"CREATE TABLE "+quoteTable(built)+" ("+strings.Join(definitions, ", ")+") ENGINE=InnoDB"+
			w.attempt.tableOption()); err != nil {
		return source.Written{}, err
	}

	isKeyed := w.write.Mode.Keyed()

	err := w.session.transaction(ctx, func() error { return w.load(ctx, built, isKeyed) })
	written := w.result(source.Written{Rows: w.count, Conversions: conversions})

	if err == nil && isKeyed {
		err = w.session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(built)).Scan(&written.Rows)
	}

	return written, err
}

// finish adds the record for an earlier attempt that ended between renaming its table and adding the record.
func (w *writer) finish(ctx context.Context) (written source.Written, err error) {
	_, written.Conversions = w.define()

	err = w.session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(w.table)).Scan(&written.Rows)
	if err == nil {
		err = w.attempt.record(ctx, written)
	}

	return written, err
}

// define returns the definitions of the columns, and of the key where there is one.
func (w *writer) define() (definitions []string, conversions []source.Conversion) {
	w.columns = nil

	for _, column := range w.rows.Schema() {
		keys, attributes := 0, " NULL"
		if w.isKey(column.Name) {
			keys, attributes = len(w.write.Key), " NOT NULL"
		}

		made := w.session.server.create(column.Standard, keys)
		definitions = append(definitions, quote(column.Name)+" "+made.String()+made.attributes+attributes+made.comment)

		if made.converts {
			conversions = append(conversions, source.Conversion{
				Column: column.Name, From: column.String(), To: made.String(),
			})
		}

		encode, err := encoderFor(column.Standard, made.native)
		if err != nil { // There is none for a type that is none.
			encode = func([]byte, any) ([]byte, error) { return nil, err }
		}

		w.columns = append(w.columns, newTarget(field{native: made.native, column: column.Name}, encode, keys > 0))
	}

	if len(w.write.Key) > 0 {
		definitions = append(definitions, "PRIMARY KEY ("+joined(w.write.Key, ", ", quote)+")")
	}

	return definitions, conversions
}

// swap puts the built table in its place, which is what an effect is, and removes the old one.
func (w *writer) swap(ctx context.Context, old *table, built, aside source.Table, written source.Written) error {
	renames := quoteTable(built) + " TO " + quoteTable(w.table)
	if old != nil {
		renames = quoteTable(w.table) + " TO " + quoteTable(aside) + ", " + renames
	}

	err := w.session.execute(ctx, "RENAME TABLE "+renames)

	switch number := number(err); {
	case number == errTableExists, number == errNoSuchTable && old != nil:
		return &source.Error{
			Code: source.CodeUnavailable, Source: w.session.source.name, Table: w.write.Table.String(), Retryable: true,
			Message: "somebody else made or removed the table meanwhile", Err: err,
		}
	case err != nil:
		return err
	}

	if err := w.attempt.record(ctx, written); err != nil || old == nil {
		return err
	}

	return w.session.execute(ctx, "DROP TABLE IF EXISTS "+quoteTable(aside))
}

// checkReferences refuses to replace a table to which foreign keys of others point: they would go on pointing to the old
// one.
func (w *writer) checkReferences(ctx context.Context, old *table) error {
	if old == nil {
		return nil
	}

	names, err := w.session.names(ctx, "SELECT DISTINCT table_name FROM information_schema.referential_constraints "+
		"WHERE unique_constraint_schema = ? AND referenced_table_name = ? "+
		"AND NOT (constraint_schema = unique_constraint_schema AND table_name = referenced_table_name)",
		old.Space, old.Name)
	if err != nil || len(names) == 0 {
		return err
	}

	return w.invalid("foreign keys of other tables point to it: "+strings.Join(names, ", "),
		"refill the table instead, or remove the foreign keys")
}

// removeLeftovers removes what writes of this table that crashed left beside it. A write that is still going on holds a
// lock.
func (w *writer) removeLeftovers(ctx context.Context) error {
	pattern := strings.ReplaceAll(beside(w.table), "_", `\_`) + "%"

	names, err := w.session.names(ctx,
		"SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE ?", w.table.Space, pattern)
	if err != nil {
		return err
	}

	for _, name := range slices.Compact(names) {
		lock := strings.TrimSuffix(strings.TrimSuffix(name, newSuffix), oldSuffix)

		isFree, err := w.session.lock(ctx, lock)
		if err != nil {
			return err
		}

		if !isFree {
			continue
		}

		if err := w.session.execute(ctx,
			"DROP TABLE IF EXISTS "+quoteTable(source.Table{Space: w.table.Space, Name: name}),
			fmt.Sprintf("DO RELEASE_LOCK('%s')", lock)); err != nil {
			return err
		}
	}

	return nil
}

// lock takes a lock that the connection holds until its end, if nobody holds it.
func (s *session) lock(ctx context.Context, name string) (bool, error) {
	var taken bool
	err := s.conn.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK(?, 0), 0)", name).Scan(&taken)

	return taken, err
}

// names returns the first column of a query's result.
func (s *session) names(ctx context.Context, query string, values ...any) ([]string, error) {
	rows, err := s.conn.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	var names []string

	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}

		names = append(names, name)
	}

	return names, rows.Err()
}
