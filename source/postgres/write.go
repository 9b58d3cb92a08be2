package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// WriteTable writes rows to a table in one transaction, so that everybody else sees all of it or nothing, and a crash
// leaves nothing.
//
// To replace a table, a new one is filled beside it and takes its name at the end. It keeps the owner of the old one and
// what others may do with it, but neither indexes and constraints nor comments, triggers and rights to single columns.
// What depends on the old one, a view for example, and policies for its rows make it an error: refill such a table.
//
// To refill a table, its records are deleted, not truncated: whoever began to read it before would find a truncated table
// empty, while deleted records stay for those who see them. Others can't write to the table meanwhile.
//
// A record takes the place of one with the same key by the table's unique index on just these columns. Where there is none,
// the table is locked for writing for that moment, and records with the same key are removed first. Of records with the
// same key among those that are written, the last one counts. Columns that are not written keep what they hold.
//
// An effect is recorded in the ledger by the same transaction, in every mode. So it happens exactly once: an attempt that
// finds it recorded, at its begin or at its end, changes nothing and returns what was recorded; one that loses the connection
// while it commits returns a retryable error, and the next one knows whether it has. At its begin it also ends the sessions of
// earlier attempts of the effect that the same user still has, since those may hold locks. Without an effect, or with ledger:
// none, records that are appended or inserted may be so twice if that error is followed by another attempt; it is not
// retryable then.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	feed := &recordFeed{rows: rows}
	if write.Mode.Keyed() {
		feed.key = keyOf(write, rows.Schema())
	}

	return s.write(ctx, write, feed)
}

// keyOf returns the columns that tell records: those that are named, or all of them.
func keyOf(write source.Write, schema source.Schema) []string {
	if len(write.Key) == 0 && write.Mode == source.Delete {
		return schema.Names()
	}

	return write.Key
}

func (s *Source) write(ctx context.Context, write source.Write, feed feed) (source.Written, error) {
	w := &writing{write: write, feed: feed, schema: feed.schema()}

	err := s.ledger.guard(write.Table)

	var written source.Written

	if err == nil {
		written, err = s.once(ctx, write.IdempotencyKey, func(session *session) (source.Written, error) {
			w.session = session
			err := w.run(ctx)

			return w.written, err
		})
	}

	if err != nil {
		if write.Mode != source.Append && write.Mode != source.Insert {
			err = repeatable(err)
		}

		return source.Written{}, s.classify(ctx, failure{err: err, table: write.Table, writing: true})
	}

	return written, nil
}

// repeatable takes away the doubt whether a change was committed, for one that leads to the same when it is made again.
func repeatable(err error) error {
	if lost := new(commitError); errors.As(err, &lost) {
		return lost.err
	}

	return err
}

// writing is one write in its transaction.
type writing struct {
	write   source.Write
	feed    feed
	schema  source.Schema
	session *session
	target  *table
	written source.Written
}

// longestName is how many bytes of a name the server keeps; it cuts off the rest without an error.
const longestName = 63

// check finds what is wrong with a write before anything is done. What an earlier attempt has done is found before: the
// records may have changed since.
func (w *writing) check() error {
	names := w.schema.Names()

	for i, name := range append([]string{w.write.Table.Name}, names...) {
		if len(name) > longestName || name == "" || strings.ContainsRune(name, 0) {
			return invalid("the name %q is no name for PostgreSQL", "give a name of at most 63 bytes", name)
		}

		if i > 0 && slices.Contains(names[:i-1], name) {
			return invalid("there are two columns named %q", "rename one of them", name)
		}
	}

	if !w.write.Mode.Keyed() {
		return nil
	}

	key := keyOf(w.write, w.schema)

	for _, name := range key {
		if !slices.Contains(names, name) {
			return invalid("the key's column %q is not written", "those that are written are "+strings.Join(names, ", "), name)
		}
	}

	switch {
	case len(key) == 0:
		return invalid("there is no key (%s)", "name the columns that tell records apart", string(w.write.Mode))
	case w.write.Mode == source.Update && len(w.others()) == 0:
		return invalid("there is no column besides the key %s", "give the columns to change", strings.Join(key, ", "))
	}

	return nil
}

func invalid(message, hint, what string) error {
	return &source.Error{Code: source.CodeRecordInvalid, Message: fmt.Sprintf(message, what), Hint: hint}
}

// run writes the table, within the transaction.
func (w *writing) run(ctx context.Context) error {
	if err := w.check(); err != nil {
		return err
	}

	if err := w.find(ctx); err != nil {
		return err
	}

	switch w.write.Mode {
	case source.Replace:
		return w.replace(ctx)
	case source.Refill:
		if err := w.empty(ctx); err != nil {
			return err
		}

		return w.add(ctx)
	case source.Append, source.Insert:
		return w.add(ctx)
	case source.Upsert, source.Update, source.Delete:
		return w.merge(ctx)
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Message: fmt.Sprintf("%q is no way to write a table", w.write.Mode),
	}
}

// find finds the table, or makes it where the mode does.
func (w *writing) find(ctx context.Context) error {
	var err error
	if w.target, err = w.session.find(ctx, w.write.Table); err != nil {
		return err
	}

	if w.target == nil && w.write.Mode != source.Replace {
		if err := w.make(ctx); err != nil {
			return err
		}
	}

	if w.target != nil && !w.target.holdsRecords() {
		return &source.Error{
			Code: source.CodeOperationUnsupported, Message: "it is a view, or something else that holds no records of its own",
			Hint: "write to a table",
		}
	}

	return nil
}

// make makes the table that is missing. Others who do the same wait until this write has ended, and then find it.
func (w *writing) make(ctx context.Context) error {
	if mode := w.write.Mode; mode == source.Insert || mode == source.Update || mode == source.Delete {
		return &source.Error{
			Code: source.CodeTableNotFound, Message: "there is no such table",
			Hint: "load the table first, or correct its name",
		}
	}

	space, err := w.space(ctx)
	if err != nil {
		return err
	}

	named := source.Table{Space: space, Name: w.write.Table.Name}
	if err := w.session.reserve(ctx, named); err != nil {
		return err
	}

	if w.target, err = w.session.find(ctx, named); err != nil || w.target != nil {
		return err
	}

	if err := w.session.create(ctx, space, named.Name, w.schema); err != nil {
		return err
	}

	if w.write.Mode == source.Upsert {
		index := fmt.Sprintf("CREATE UNIQUE INDEX ON %s (%s)", qualified(named), quoteAll(w.write.Key))
		if err := w.session.run(ctx, index); err != nil {
			return err
		}
	}

	w.target, err = w.session.find(ctx, named)

	return err
}

// space returns the schema of the table: that which it is in, that which is named, or that in which the connection makes
// tables.
func (w *writing) space(ctx context.Context) (string, error) {
	switch {
	case w.target != nil:
		return w.target.space, nil
	case w.write.Table.Space != "":
		return w.write.Table.Space, nil
	}

	return w.session.defaultSpace(ctx)
}

// empty deletes the table's records. Others who would add some wait, since theirs would outlive the refilling.
func (w *writing) empty(ctx context.Context) error {
	return w.session.run(ctx, fmt.Sprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE; DELETE FROM %[1]s", w.target.quoted()))
}

// add adds the records to the table.
func (w *writing) add(ctx context.Context) error {
	takes, err := w.takes(w.target, w.schema.Names())
	if err != nil {
		return err
	}

	w.written.Rows, err = w.load(ctx, w.target, w.target.quoted(), takes, "", "")

	return err
}

// takes returns the place in a table of each column that is written, or -1 for those that are not among names.
func (w *writing) takes(into *table, names []string) ([]int, error) {
	takes := make([]int, len(w.schema))

	for i, name := range w.schema.Names() {
		takes[i] = -1
		if !slices.Contains(names, name) {
			continue
		}

		takes[i] = slices.IndexFunc(into.columns, func(c column) bool { return c.name == name })

		switch {
		case takes[i] < 0:
			return nil, invalid("the table has no column %q", "its columns are "+strings.Join(into.columnNames(), ", "), name)
		case into.columns[takes[i]].computed:
			return nil, invalid("the server computes the column %q, so that nothing can be written to it", "leave it out", name)
		}
	}

	return takes, nil
}

// load copies the records into a table, which SQL calls by that name, and returns how many there were. With number, each
// gets its own in the column of that name.
func (w *writing) load(ctx context.Context, into *table, named string, takes []int, number, option string) (int64, error) {
	// What feeds the records is stopped when the server takes no more of them.
	feeding, stop := context.WithCancel(ctx)
	defer stop()

	stream, err := w.feed.open(feeding, into, takes, number != "")
	if err != nil {
		return 0, err
	}

	var names []string

	for _, at := range takes {
		if at >= 0 {
			names = append(names, into.columns[at].name)
		}
	}

	if number != "" {
		names = append(names, number)
	}

	custom := w.session.conn.CustomData()
	custom[onFailure] = stop

	defer delete(custom, onFailure)

	tag, err := w.session.conn.CopyFrom(ctx, stream, fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT %s%s)",
		named, quoteAll(names), stream.format(), option))

	stop()

	// A failure of the feed is the reason of the server's, unless it is only that it was stopped.
	if failed := stream.end(); failed != nil && (err == nil || ctx.Err() != nil || !errors.Is(failed, context.Canceled)) {
		return 0, feedError(failed)
	}

	w.written.Conversions = stream.conversions()

	return tag.RowsAffected(), err
}

// foreignError is an error of the records' source, which has nothing to do with this one.
type foreignError struct{ err error }

func (e *foreignError) Error() string { return e.err.Error() }

func (e *foreignError) Unwrap() error { return e.err }

func feedError(err error) error {
	if own := new(source.Error); errors.As(err, &own) && own.Source == "" {
		return err
	}

	return &foreignError{err}
}

// temporary returns a name that nobody else has.
func temporary() string { return "jobwright_" + strings.ToLower(rand.Text()) }
