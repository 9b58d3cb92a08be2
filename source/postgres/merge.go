package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// merge changes the records of the table by their key. It loads the written records into a temporary table, the stage, and
// merges them into the target with one or two statements.
func (w *writing) merge(ctx context.Context) error {
	names := w.schema.Names()
	if w.write.Mode == source.Delete {
		names = w.key
	}

	indexes := w.indexesIn(w.target, names)
	m := &mergeStatements{
		target: w.target.quoted(), stage: "pg_temp." + quote(randomName()), key: w.key, names: names, others: w.others(),
		number: unusedName("jobwright_number", names),
	}

	// The stage has the types of the target's columns, so that the server compares and copies the values unchanged.
	if err := w.session.run(ctx, fmt.Sprintf(
		"CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s, 0::bigint AS %s FROM %s WITH NO DATA",
		strings.TrimPrefix(m.stage, "pg_temp."), quoteAll(names), quote(m.number), m.target)); err != nil {
		return err
	}

	if _, err := w.load(ctx, w.target, m.stage, indexes, m.number, ""); err != nil {
		return err
	}

	// Without statistics, the server would plan for a small table.
	if err := w.session.run(ctx, "ANALYZE "+m.stage); err != nil {
		return err
	}

	return w.apply(ctx, m)
}

// others returns the written columns that are not part of the key.
func (w *writing) others() []string {
	return slices.DeleteFunc(w.schema.Names(), func(name string) bool { return slices.Contains(w.key, name) })
}

// unusedName returns name, extended so that it differs from all names.
func unusedName(name string, names []string) string {
	for slices.Contains(names, name) {
		name += "_"
	}

	return name
}

// mergeStatements builds the statements of a merge.
type mergeStatements struct {
	target, stage string // The tables' names in SQL.
	number        string // The stage's column with the number of each record.
	key           []string
	others        []string
	names         []string // All columns of the stage except the number.
}

// apply merges the stage into the target.
func (w *writing) apply(ctx context.Context, m *mergeStatements) error {
	switch w.write.Mode {
	case source.Update:
		return w.count(ctx, m.update())
	case source.Delete:
		return w.count(ctx, m.remove())
	case source.Upsert:
	case source.Replace, source.Refill, source.Append, source.Insert: // These modes have no stage.
	}

	unique, err := w.session.hasUniqueIndex(ctx, w.target, m.key)
	if err != nil {
		return err
	}

	if unique {
		return w.count(ctx, m.insert()+m.onConflict())
	}

	// No other transaction may add a record with the same key between the two statements.
	if err := w.session.run(ctx, fmt.Sprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", m.target)); err != nil {
		return err
	}

	if len(m.names) == len(w.target.columns) {
		if _, err := w.session.change(ctx, m.remove()); err != nil {
			return err
		}

		return w.count(ctx, m.insert())
	}

	// Columns that are not written keep their values, so the records are updated rather than removed.
	return w.count(ctx, m.update(), m.insert()+fmt.Sprintf(" WHERE NOT EXISTS (SELECT FROM %s t WHERE %s)", m.target, m.match()))
}

// count executes statements and counts the records that they change.
func (w *writing) count(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		changed, err := w.session.change(ctx, statement)
		if err != nil {
			return err
		}

		w.written.Rows += changed
	}

	return nil
}

// latest returns the query for the last record of each key on the stage.
func (m *mergeStatements) latest() string {
	return fmt.Sprintf("SELECT DISTINCT ON (%s) %s FROM %s ORDER BY %[1]s, %[4]s DESC",
		quoteAll(m.key), quoteAll(m.names), m.stage, quote(m.number))
}

// match returns the condition that a record t of the target and a record s of the stage have the same key.
func (m *mergeStatements) match() string {
	return database.Join(m.key, " AND ", func(name string) string { return fmt.Sprintf("t.%s = s.%[1]s", quote(name)) })
}

// set returns the assignments of the columns outside the key from the record with the name from.
func (m *mergeStatements) set(from string) string {
	return database.Join(m.others, ", ", func(name string) string { return fmt.Sprintf("%s = %s.%[1]s", quote(name), from) })
}

// insert returns the statement that adds the records. It also writes identity columns that are GENERATED ALWAYS.
func (m *mergeStatements) insert() string {
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %[2]s FROM (%s) s",
		m.target, quoteAll(m.names), m.latest())
}

func (m *mergeStatements) onConflict() string {
	if len(m.others) == 0 {
		return fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", quoteAll(m.key))
	}

	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", quoteAll(m.key), m.set("EXCLUDED"))
}

func (m *mergeStatements) update() string {
	return fmt.Sprintf("UPDATE %s t SET %s FROM (%s) s WHERE %s", m.target, m.set("s"), m.latest(), m.match())
}

func (m *mergeStatements) remove() string {
	return fmt.Sprintf("DELETE FROM %s t USING (SELECT DISTINCT %s FROM %s) s WHERE %s",
		m.target, quoteAll(m.key), m.stage, m.match())
}
