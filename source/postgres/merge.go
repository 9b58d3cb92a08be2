package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// merge changes the records of the table by their key: those that are written are loaded into a table that only this
// transaction has, and go from there to the target in one statement or two.
func (w *writing) merge(ctx context.Context) error {
	names := w.schema.Names()
	if w.write.Mode == source.Delete {
		names = w.key
	}

	places := w.places(w.target, names)
	staged := &merging{
		target: w.target.quoted(), stage: "pg_temp." + quote(temporary()), key: w.key, names: names, others: w.others(),
		number: unlike("jobwright_number", names),
	}

	// It has the types of the target's columns, so that the server compares and moves the values as they are.
	if err := w.session.run(ctx, fmt.Sprintf(
		"CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT %s, 0::bigint AS %s FROM %s WITH NO DATA",
		strings.TrimPrefix(staged.stage, "pg_temp."), quoteAll(names), quote(staged.number), staged.target)); err != nil {
		return err
	}

	if _, err := w.load(ctx, w.target, staged.stage, places, staged.number, ""); err != nil {
		return err
	}

	// Without statistics, the server takes a table like this for a small one.
	if err := w.session.run(ctx, "ANALYZE "+staged.stage); err != nil {
		return err
	}

	return w.apply(ctx, staged)
}

// others are the columns that are written and not part of the key.
func (w *writing) others() []string {
	return slices.DeleteFunc(w.schema.Names(), func(name string) bool { return slices.Contains(w.key, name) })
}

// unlike returns a name that is none of names.
func unlike(name string, names []string) string {
	for slices.Contains(names, name) {
		name += "_"
	}

	return name
}

// merging says what the statements of a merge are about.
type merging struct {
	target, stage string // As SQL calls them.
	number        string // The stage's column with the number of each record.
	key           []string
	others        []string
	names         []string // All columns of the stage but the number.
}

// apply brings what is on the stage into the target.
func (w *writing) apply(ctx context.Context, m *merging) error {
	switch w.write.Mode {
	case source.Update:
		return w.count(ctx, m.update())
	case source.Delete:
		return w.count(ctx, m.remove())
	case source.Upsert:
	case source.Replace, source.Refill, source.Append, source.Insert: // They have no stage.
	}

	unique, err := w.session.hasUniqueIndex(ctx, w.target, m.key)
	if err != nil {
		return err
	}

	if unique {
		return w.count(ctx, m.insert()+m.onConflict())
	}

	// Nobody else may add a record of the same key between the two statements.
	if err := w.session.run(ctx, fmt.Sprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", m.target)); err != nil {
		return err
	}

	if len(m.names) == len(w.target.columns) {
		if _, err := w.session.change(ctx, m.remove()); err != nil {
			return err
		}

		return w.count(ctx, m.insert())
	}

	// The columns that are not written keep what they hold, so that the records must stay.
	return w.count(ctx, m.update(), m.insert()+fmt.Sprintf(" WHERE NOT EXISTS (SELECT FROM %s t WHERE %s)", m.target, m.match()))
}

// count runs statements and counts the records that they changed.
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

// latest is a query for the last record of each key on the stage.
func (m *merging) latest() string {
	return fmt.Sprintf("SELECT DISTINCT ON (%s) %s FROM %s ORDER BY %[1]s, %[4]s DESC",
		quoteAll(m.key), quoteAll(m.names), m.stage, quote(m.number))
}

// match is the condition that a record t of the target and a record s of the stage have the same key.
func (m *merging) match() string {
	conditions := make([]string, len(m.key))
	for i, name := range m.key {
		conditions[i] = fmt.Sprintf("t.%s = s.%[1]s", quote(name))
	}

	return strings.Join(conditions, " AND ")
}

// set assigns the columns besides the key the values of the record that is called so.
func (m *merging) set(from string) string {
	assignments := make([]string, len(m.others))
	for i, name := range m.others {
		assignments[i] = fmt.Sprintf("%s = %s.%[1]s", quote(name), from)
	}

	return strings.Join(assignments, ", ")
}

// insert adds the records even to a column whose values the server usually makes itself.
func (m *merging) insert() string {
	return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %[2]s FROM (%s) s",
		m.target, quoteAll(m.names), m.latest())
}

func (m *merging) onConflict() string {
	if len(m.others) == 0 {
		return fmt.Sprintf(" ON CONFLICT (%s) DO NOTHING", quoteAll(m.key))
	}

	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", quoteAll(m.key), m.set("EXCLUDED"))
}

func (m *merging) update() string {
	return fmt.Sprintf("UPDATE %s t SET %s FROM (%s) s WHERE %s", m.target, m.set("s"), m.latest(), m.match())
}

func (m *merging) remove() string {
	return fmt.Sprintf("DELETE FROM %s t USING (SELECT DISTINCT %s FROM %s) s WHERE %s",
		m.target, quoteAll(m.key), m.stage, m.match())
}
