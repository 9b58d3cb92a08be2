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

// WriteTable writes rows to a table in one transaction: other sessions see all of it or nothing, and a crash leaves nothing
// behind.
//
// Replace fills a new table, which takes the name of the old one at the end. The new table keeps the owner of the old one and
// the permissions of other roles, but not its indexes, constraints, comments, triggers and permissions on single columns.
// Dependent objects, such as views, and policies for the old table's rows are an error: refill such a table.
//
// Refill deletes the table's records. It does not truncate the table, because a transaction that began earlier would then see an
// empty table. Other sessions can't write to the table meanwhile.
//
// Upsert uses the table's unique index on exactly the columns of the key. If the table has none, Upsert locks the table for
// writing, and removes the records with the same keys first. Of several written records with the same key, the last one
// counts. Columns that are not written keep their values.
//
// In every mode, the same transaction adds the record to the ledger, so that a write takes effect exactly once. An attempt that
// finds the record, at its beginning or at its end, changes nothing and returns what the record says. An attempt that loses the
// connection during the commit returns a retryable error, and the next attempt finds out whether the commit has succeeded. At
// its beginning, an attempt terminates the sessions of earlier attempts that the same user still has, since they may hold
// locks. Without an idempotency key, or with ledger: none, the loss of the connection during the commit of an append or an
// insert is an error that is not retryable, because a second attempt could add the records twice.
func (s *Source) WriteTable(ctx context.Context, write source.Write, rows source.Rows) (source.Written, error) {
	return s.write(ctx, write, &recordFeed{rows: rows})
}

func (s *Source) write(ctx context.Context, write source.Write, feed feed) (source.Written, error) {
	w := &writing{write: write, feed: feed, schema: feed.schema()}

	err := s.ledger.Guard(write.Table)

	var written source.Written

	if err == nil {
		written, err = s.once(ctx, write.IdempotencyKey, func(session *session) (source.Written, error) {
			w.session = session
			err := w.run(ctx)

			return write.Recorded(w.written), err
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
	key     []string
	target  *table
	written source.Written
}

// longestName is the number of bytes in a name that the server keeps. It silently truncates longer names.
const longestName = 63

// names are PostgreSQL's rules for names, which the driver always quotes.
var names = source.Names{MaxBytes: longestName}

// run writes the table within the transaction.
func (w *writing) run(ctx context.Context) error {
	if err := w.prepareTarget(ctx); err != nil {
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

	return nil
}

// prepareTarget validates the write, and creates the table if it is missing and the mode creates tables.
func (w *writing) prepareTarget(ctx context.Context) error {
	var err error
	if w.key, err = w.write.Validate(w.schema, names); err != nil {
		return err
	}

	if w.target, err = w.session.find(ctx, w.write.Table); err != nil {
		return err
	}

	if w.target == nil && w.write.Mode.Creates() && w.write.Mode != source.Replace {
		if err := w.create(ctx); err != nil {
			return err
		}
	}

	return w.write.ValidateTarget(w.schema, w.target.asTarget(), names)
}

// create creates the missing table. Concurrent writes that would create it too wait for the end of this one, and then find it.
func (w *writing) create(ctx context.Context) error {
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
		index := fmt.Sprintf("CREATE UNIQUE INDEX ON %s (%s)", qualified(named), quoteAll(w.key))
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
	var err error

	w.written.Rows, err = w.load(ctx, w.target, w.target.quoted(), w.places(w.target, w.schema.Names()), "", "")

	return err
}

// places returns for each written column its index in a table, or -1 if it is not among names.
func (w *writing) places(into *table, names []string) []int {
	places := make([]int, len(w.schema))

	for i, name := range w.schema.Names() {
		places[i] = -1
		if slices.Contains(names, name) {
			places[i] = slices.IndexFunc(into.columns, func(c column) bool { return c.name == name })
		}
	}

	return places
}

// load copies the records into a table, which SQL calls by that name, and returns how many there were. With number, each
// gets its own in the column of that name.
func (w *writing) load(ctx context.Context, into *table, named string, places []int, number, option string) (int64, error) {
	// What feeds the records is stopped when the server takes no more of them.
	feeding, stop := context.WithCancel(ctx)
	defer stop()

	stream, err := w.feed.open(feeding, w.key, into, places, number != "")
	if err != nil {
		return 0, err
	}

	var names []string

	for _, at := range places {
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
