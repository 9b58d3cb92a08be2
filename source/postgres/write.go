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

// WriteTable writes rows to a table in one transaction: other sessions see all of the write or nothing, also after a crash.
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
// finds the record, at its beginning or at its end, changes nothing and returns the recorded result. An attempt that loses the
// connection during the commit returns a retryable error, and the next attempt finds out whether the commit has succeeded. At
// its beginning, an attempt terminates sessions in which earlier attempts of the same user still run, since they may hold
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

// repeatable returns the cause of a [commitError], so that the error is retryable. It is for changes that can be repeated: a
// second attempt has the same result, whether the first one was committed or not.
func repeatable(err error) error {
	if lost := new(commitError); errors.As(err, &lost) {
		return lost.err
	}

	return err
}

// writing is a running write.
type writing struct {
	write   source.Write
	feed    feed
	schema  source.Schema
	session *session
	key     []string
	target  *table
	written source.Written
}

// maxNameBytes is the maximum length of a name. The server silently truncates longer names.
const maxNameBytes = 63

// nameRules are PostgreSQL's rules for names of tables and columns; the driver always quotes them.
var nameRules = source.Names{MaxBytes: maxNameBytes}

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
	if w.key, err = w.write.Validate(w.schema, nameRules); err != nil {
		return err
	}

	if w.target, err = w.session.describe(ctx, w.write.Table); err != nil {
		return err
	}

	if w.target == nil && w.write.Mode.Creates() && w.write.Mode != source.Replace {
		if err := w.create(ctx); err != nil {
			return err
		}
	}

	return w.write.ValidateTarget(w.schema, w.target.asTarget(), nameRules)
}

// create creates the missing table, unless a concurrent write has created it meanwhile.
func (w *writing) create(ctx context.Context) error {
	space, err := w.space(ctx)
	if err != nil {
		return err
	}

	named := source.Table{Space: space, Name: w.write.Table.Name}
	if err := w.session.lockName(ctx, named); err != nil {
		return err
	}

	if w.target, err = w.session.describe(ctx, named); err != nil || w.target != nil {
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

	w.target, err = w.session.describe(ctx, named)

	return err
}

// space returns the schema of the table. For a missing table without a schema, it is the schema in which the connection
// creates tables.
func (w *writing) space(ctx context.Context) (string, error) {
	switch {
	case w.target != nil:
		return w.target.space, nil
	case w.write.Table.Space != "":
		return w.write.Table.Space, nil
	}

	return w.session.defaultSpace(ctx)
}

// empty deletes the table's records. It locks the table for other writers, whose records would otherwise survive the refill.
func (w *writing) empty(ctx context.Context) error {
	return w.session.run(ctx, fmt.Sprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE; DELETE FROM %[1]s", w.target.quoted()))
}

// add adds the records to the table.
func (w *writing) add(ctx context.Context) error {
	var err error

	w.written.Rows, err = w.load(ctx, w.target, w.target.quoted(), w.indexesIn(w.target, w.schema.Names()), "", "")

	return err
}

// indexesIn returns the index of each written column in a table, or -1 if its name is not among names.
func (w *writing) indexesIn(into *table, names []string) []int {
	indexes := make([]int, len(w.schema))

	for i, name := range w.schema.Names() {
		indexes[i] = -1
		if slices.Contains(names, name) {
			indexes[i] = slices.IndexFunc(into.columns, func(c column) bool { return c.name == name })
		}
	}

	return indexes
}

// load copies the records into a table with the columns of into and returns their number. quoted is the table's name in SQL,
// and option is a further option of COPY. If number is not empty, the column of that name gets the number of each record.
func (w *writing) load(ctx context.Context, into *table, quoted string, indexes []int, number, option string) (int64, error) {
	// The stream must end when the server rejects a record.
	streaming, stop := context.WithCancel(ctx)
	defer stop()

	stream, err := w.feed.open(streaming, w.key, into, indexes, number != "")
	if err != nil {
		return 0, err
	}

	var names []string

	for _, at := range indexes {
		if at >= 0 {
			names = append(names, into.columns[at].name)
		}
	}

	if number != "" {
		names = append(names, number)
	}

	custom := w.session.conn.CustomData()
	custom[cancelCopyKey] = stop

	defer delete(custom, cancelCopyKey)

	tag, err := w.session.conn.CopyFrom(ctx, stream, fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT %s%s)",
		quoted, quoteAll(names), stream.format(), option))

	stop()

	// If the stream has failed, its error is the cause of the server's error, unless stop has only cancelled the stream.
	if failed := stream.end(); failed != nil && (err == nil || ctx.Err() != nil || !errors.Is(failed, context.Canceled)) {
		return 0, streamError(failed)
	}

	w.written.Conversions = stream.conversions()

	return tag.RowsAffected(), err
}

// readingError is an error of the rows that are written, which come from another source.
type readingError struct{ err error }

func (e *readingError) Error() string { return e.err.Error() }

func (e *readingError) Unwrap() error { return e.err }

// streamError marks an error of a stream as a [readingError], unless it is an error of a record that can't be encoded.
func streamError(err error) error {
	if own := new(source.Error); errors.As(err, &own) && own.Source == "" {
		return err
	}

	return &readingError{err}
}

// randomName returns a name for a temporary table.
func randomName() string { return "jobwright_" + strings.ToLower(rand.Text()) }
