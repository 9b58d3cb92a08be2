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
	"github.com/jobwright/jobwright/source/database"
)

// The names of a replacement's tables are jobwright_<hash of the target>_<random>_new for the new table, and _old for the
// renamed target.
const (
	stagingPrefix = "jobwright_"
	newSuffix     = "_new"
	oldSuffix     = "_old"
)

// stagingPrefixOf returns the prefix of the names of all tables with which writes replace the table.
func stagingPrefixOf(table source.Table) string {
	hash := sha256.Sum256([]byte(table.Space + "\x00" + table.Name))

	return stagingPrefix + hex.EncodeToString(hash[:8]) + "_"
}

// replace creates a table with the rows and renames it to the target, which it replaces if it exists. The new table has
// another name until it is complete, because data definitions commit implicitly in MySQL.
func (w *writer) replace(ctx context.Context, old *table) (source.Written, error) {
	if err := w.checkReferences(ctx, old); err != nil {
		return source.Written{}, err
	}

	if err := w.removeLeftovers(ctx); err != nil {
		return source.Written{}, err
	}

	// The lock protects the new table from removeLeftovers. The end of the connection releases it.
	lock := stagingPrefixOf(w.table) + uuid.NewString()[:8]
	if _, err := w.session.lock(ctx, lock, 0); err != nil {
		return source.Written{}, err
	}

	built := source.Table{Space: w.table.Space, Name: lock + newSuffix}

	written, err := w.build(ctx, built)
	if err == nil {
		err = w.swap(ctx, old, built, source.Table{Space: w.table.Space, Name: lock + oldSuffix}, written)
	}

	if err != nil {
		w.session.unwatch()
		// If this fails too, the next replacement removes the table.
		_ = w.session.source.executeAuxiliary(ctx, "DROP TABLE IF EXISTS "+quoteTable(built))

		return source.Written{}, err
	}

	return written, w.session.execute(ctx, "DO RELEASE_LOCK('"+lock+"')")
}

// build creates and fills the new table.
func (w *writer) build(ctx context.Context, built source.Table) (source.Written, error) {
	definitions, conversions := w.define()
	if err := w.session.execute(ctx,
		"CREATE TABLE "+quoteTable(built)+" ("+strings.Join(definitions, ", ")+") ENGINE=InnoDB"+
			w.attempt.tableOption()); err != nil {
		return source.Written{}, err
	}

	isKeyed := w.write.Mode.Keyed()

	err := w.session.transaction(ctx, func() error { return w.load(ctx, built, isKeyed) })
	written := w.write.Recorded(source.Written{Rows: w.count, Conversions: conversions})

	if err == nil && isKeyed {
		err = w.session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(built)).Scan(&written.Rows)
	}

	return written, err
}

// finish adds the record of an earlier attempt that ended after it renamed the new table and before it added the record.
func (w *writer) finish(ctx context.Context) (written source.Written, err error) {
	_, written.Conversions = w.define()

	err = w.session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quoteTable(w.table)).Scan(&written.Rows)
	if err == nil {
		err = w.attempt.record(ctx, written)
	}

	return written, err
}

// define returns the definitions of the new table's columns and key, and sets w.columns.
func (w *writer) define() (definitions []string, conversions []source.Conversion) {
	w.columns = nil

	for _, column := range w.rows.Schema() {
		keys, attributes := 0, " NULL"
		if w.isKey(column.Name) {
			keys, attributes = len(w.write.Key), " NOT NULL"
		}

		created := w.session.server.create(column.Standard, keys)
		definitions = append(definitions,
			quote(column.Name)+" "+created.String()+created.attributes+attributes+created.comment)

		if created.converts {
			conversions = append(conversions, column.ConvertedTo(created.String()))
		}

		encode, err := encoderFor(column.Standard, created.native)
		if err != nil { // The column's type is invalid.
			encode = func([]byte, any) ([]byte, error) { return nil, err }
		}

		w.columns = append(w.columns, newTarget(field{native: created.native, column: column.Name}, encode, keys > 0))
	}

	if len(w.write.Key) > 0 {
		definitions = append(definitions, "PRIMARY KEY ("+database.Join(w.write.Key, ", ", quote)+")")
	}

	return definitions, conversions
}

// swap renames the new table to the target, which makes the write visible, adds the record and drops the old table. replaced
// is the temporary name of the old table.
func (w *writer) swap(ctx context.Context, old *table, built, replaced source.Table, written source.Written) error {
	renames := quoteTable(built) + " TO " + quoteTable(w.table)
	if old != nil {
		renames = quoteTable(w.table) + " TO " + quoteTable(replaced) + ", " + renames
	}

	err := w.session.execute(ctx, "RENAME TABLE "+renames)

	switch number := number(err); {
	case number == errTableExists, number == errNoSuchTable && old != nil:
		return &source.Error{
			Code: source.CodeUnavailable, Source: w.session.source.name, Table: w.write.Table.String(), Retryable: true,
			Message: "another session created or dropped the table during the write", Err: err,
		}
	case err != nil:
		return err
	}

	if err := w.attempt.record(ctx, written); err != nil || old == nil {
		return err
	}

	return w.session.execute(ctx, "DROP TABLE IF EXISTS "+quoteTable(replaced))
}

// checkReferences returns an error if foreign keys of other tables reference the table: after the replacement, they would
// reference the old table.
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

	return w.invalid("a table that foreign keys reference can't be replaced; they belong to "+strings.Join(names, ", "),
		"use the mode refill, or drop the foreign keys")
}

// removeLeftovers drops the tables of earlier replacements of this table that crashed. A running replacement holds a lock.
func (w *writer) removeLeftovers(ctx context.Context) error {
	pattern := strings.ReplaceAll(stagingPrefixOf(w.table), "_", `\_`) + "%"

	names, err := w.session.names(ctx,
		"SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE ?", w.table.Space, pattern)
	if err != nil {
		return err
	}

	for _, name := range slices.Compact(names) {
		lock := strings.TrimSuffix(strings.TrimSuffix(name, newSuffix), oldSuffix)

		isFree, err := w.session.lock(ctx, lock, 0)
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
