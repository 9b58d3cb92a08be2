package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// WriteTable writes rows to a table in one transaction. It compares keys with SQL's =, so a key that contains NULL equals no
// other key.
//
// A write with an idempotency key takes effect exactly once in every mode: its record in the ledger is committed together
// with the rows, and an attempt that finds the record reads no rows. An earlier attempt that is still running in another
// process can't be terminated: while it holds the database's lock, this attempt waits for ten seconds and returns a
// retryable error.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	w := &writing{source: s, write: write, schema: rows.Schema()}

	written, err := s.write(ctx, write.Table, write.IdempotencyKey, func(c *connection) (source.Written, error) {
		w.c = c

		if err := w.prepareTable(); err != nil {
			return source.Written{}, err
		}

		count, err := w.load(ctx, rows)

		return write.Recorded(source.Written{Rows: count, Conversions: w.conversions()}), err
	})
	if w.failed != nil { // An error of another source.
		return source.Written{}, w.failed
	}

	return written, err
}

// writing is a running write.
type writing struct {
	source *Source
	write  source.Write
	schema source.Schema
	key    []string
	isKey  map[string]bool // Whether a written column belongs to the key.
	c      *connection
	table  table
	failed error // The error of the rows, if reading them has failed.
}

// nameRules are SQLite's rules for names of tables and columns.
var nameRules = source.Names{FoldCase: true}

// prepareTable validates the write, and creates or empties the table if the mode requires it.
func (w *writing) prepareTable() error {
	var err error
	if w.key, err = w.write.Validate(w.schema, nameRules); err != nil {
		return err
	}

	w.isKey = make(map[string]bool, len(w.key))
	for _, name := range w.key {
		w.isKey[name] = true
	}

	if w.table, err = w.c.table(w.write.Table.Name); err != nil {
		return err
	}

	if err := w.write.ValidateTarget(w.schema, w.table.asTarget(), nameRules); err != nil {
		return err
	}

	switch {
	case w.write.Mode == source.Replace:
		return w.create("DROP TABLE IF EXISTS " + quote(w.table.name))
	case !w.table.exists:
		return w.create()
	case w.write.Mode == source.Refill:
		return w.c.execute("DELETE FROM " + quote(w.table.name))
	}

	return w.c.readIndexes(&w.table)
}

// create runs the statements in before and creates the table.
func (w *writing) create(before ...string) error {
	var unique []string
	if w.write.Mode == source.Upsert {
		unique = w.key
	}

	for _, text := range append(before, definition(w.table.name, w.schema, unique)) {
		if err := w.c.execute(text); err != nil {
			return err
		}
	}

	var err error
	if w.table, err = w.c.table(w.table.name); err != nil {
		return err
	}

	return w.c.readIndexes(&w.table)
}

// load writes the records. It returns the number of records that were written, changed or removed.
func (w *writing) load(ctx context.Context, rows source.Rows) (int64, error) {
	batch, each := w.statements()

	dropIndex, err := w.indexKey(each)
	if err != nil {
		return 0, err
	}

	loader, err := newLoader(w.c, w.targets(), batch, each)
	if err != nil {
		return 0, err
	}

	loader.source, loader.table = w.source.name, w.write.Table

	err = loader.load(ctx, rows)
	w.failed = loader.failed
	loader.close()

	if err != nil {
		return 0, err
	}

	if w.write.Mode == source.Update || w.write.Mode == source.Delete {
		return loader.changed, dropIndex()
	}

	return loader.count, dropIndex()
}

// targets returns the table's column for each written column.
func (w *writing) targets() []target {
	targets := make([]target, len(w.schema))

	for i, column := range w.schema {
		found := w.table.column(column.Name)
		targets[i] = target{
			name: column.Name, from: column.Standard, to: standard(found.declared), keepsText: keepsText(found.declared),
		}
		if targets[i].to.Type == "" { // The column stores values of any type.
			targets[i].to = column.Standard
		}
	}

	return targets
}

// conversions returns the columns of decimals that the table stores as text.
func (w *writing) conversions() []source.Conversion {
	var conversions []source.Conversion

	for _, column := range w.schema {
		found := w.table.column(column.Name)
		if column.Type == source.Decimal && strings.HasPrefix(found.declared, decimalText) {
			conversions = append(conversions, column.ConvertedTo(found.declared))
		}
	}

	return conversions
}

// statements returns the statement that writes batchRecords records, or "" if records are written separately, and the
// statements that write one record. The parameter ?1 is the value of the first written column, and so on.
func (w *writing) statements() (batch string, each []string) {
	if w.write.Mode == source.Update {
		return "", []string{"UPDATE " + quote(w.table.name) + " SET " + w.assignments(", ", false) + w.where()}
	}

	remove := "DELETE FROM " + quote(w.table.name) + w.where()
	if w.write.Mode == source.Delete {
		return "", []string{remove}
	}

	values := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(w.schema)), ", ") + ")"
	insert := "INSERT INTO " + quote(w.table.name) + " (" + quoted(w.schema.Names()) + ") VALUES " + values
	batch = insert + strings.Repeat(", "+values, batchRecords-1)

	switch {
	case w.write.Mode != source.Upsert:
	case w.table.isUnique(w.key):
		insert += w.onConflict()
		batch += w.onConflict()
	case len(w.schema) == len(w.table.columns):
		return "", []string{remove, insert}
	default:
		return "", w.updateAndInsert()
	}

	if batchRecords*len(w.schema) > maxParameters {
		batch = ""
	}

	return batch, []string{insert}
}

// updateAndInsert returns the statements that upsert a record and keep the values of the columns that are not written.
func (w *writing) updateAndInsert() []string {
	target := quote(w.table.name)
	statements := []string{"INSERT INTO " + target + " (" + quoted(w.schema.Names()) + ") SELECT " + w.parameters() +
		" WHERE NOT EXISTS (SELECT 1 FROM " + target + w.where() + ")"}

	if set := w.assignments(", ", false); set != "" { // First, because no record is inserted if one is updated.
		statements = slices.Insert(statements, 0, "UPDATE "+target+" SET "+set+w.where())
	}

	return statements
}

// parameters returns the parameters of the written columns: ?1, ?2 and so on.
func (w *writing) parameters() string {
	parameters := make([]string, len(w.schema))
	for i := range parameters {
		parameters[i] = fmt.Sprintf("?%d", i+1)
	}

	return strings.Join(parameters, ", ")
}

// maxParameters is the number of parameters that SQLite allows in a statement.
const maxParameters = 32_766

// where returns the condition for the records with the same key.
func (w *writing) where() string { return " WHERE " + w.assignments(" AND ", true) }

// assignments returns the terms a = ?1 of the key's columns, or of the other columns, joined by separator.
func (w *writing) assignments(separator string, key bool) string {
	var parts []string

	for i, column := range w.schema {
		if w.isKey[column.Name] == key {
			parts = append(parts, fmt.Sprintf("%s = ?%d", quote(column.Name), i+1))
		}
	}

	return strings.Join(parts, separator)
}

// onConflict returns the clause with which an INSERT updates an existing record with the same key.
func (w *writing) onConflict() string {
	others := slices.DeleteFunc(w.schema.Names(), func(name string) bool { return w.isKey[name] })
	if len(others) == 0 {
		return " ON CONFLICT (" + quoted(w.key) + ") DO NOTHING"
	}

	return " ON CONFLICT (" + quoted(w.key) + ") DO UPDATE SET " +
		database.Join(others, ", ", func(name string) string { return quote(name) + " = excluded." + quote(name) })
}

// indexKey creates an index on the key if the write looks up records and the table has no such index: without it, each record
// would scan the table. drop drops the index in the same transaction, so it is never visible to other connections.
func (w *writing) indexKey(each []string) (drop func() error, err error) {
	looksUp := w.write.Mode.Keyed() && (len(each) > 1 || w.write.Mode != source.Upsert)
	if !looksUp || w.table.isIndexed(w.key) {
		return func() error { return nil }, nil
	}

	name := quote("jobwright key of " + w.table.name)
	if err := w.c.execute("CREATE INDEX " + name + " ON " + quote(w.table.name) + " (" + quoted(w.key) + ")"); err != nil {
		return nil, err
	}

	return func() error { return w.c.execute("DROP INDEX " + name) }, nil
}
