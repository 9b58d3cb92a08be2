package sourcetest

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// Recorder is a [Store] that records its writes in a ledger: an SQL database.
type Recorder interface {
	Store
	source.Ledger
	source.Executor
}

// violations are writes that every SQL driver rejects with the same error. The tables t, with the columns id and name, and g,
// whose column twice is computed, and the view v exist.
var violations = []struct {
	name    string
	write   source.Write
	columns []string
	code    source.Code
	message string
	hint    string
}{
	{
		"unknown mode",
		source.Write{Table: named("t"), Mode: "merge"},
		[]string{"id"},
		source.CodeOperationUnsupported,
		`the write mode "merge" does not exist`, "",
	},
	{
		"empty column name",
		source.Write{Table: named("t"), Mode: source.Replace},
		[]string{"id", ""},
		source.CodeRecordInvalid,
		`"" is not a valid name of a column`, "",
	},
	{
		"NUL in a column name",
		source.Write{Table: named("t"), Mode: source.Append},
		[]string{"id\x00"},
		source.CodeRecordInvalid,
		`"id\x00" is not a valid name of a column`, "",
	},
	{
		"duplicate column",
		source.Write{Table: named("t"), Mode: source.Append},
		[]string{"id", "name", "id"},
		source.CodeRecordInvalid,
		`two columns are named "id"`, "rename one of them",
	},
	{
		"too many columns",
		source.Write{Table: named("new"), Mode: source.Replace},
		manyColumns,
		source.CodeLimitExceeded, "the records have more than 16384 columns, the limit of a record", "",
	},
	{
		"duplicate column of a new table",
		source.Write{Table: named("new"), Mode: source.Replace},
		[]string{"id", "id"},
		source.CodeRecordInvalid, `two columns are named "id"`, "rename one of them",
	},
	{
		"upsert without a key",
		source.Write{Table: named("t"), Mode: source.Upsert},
		[]string{"id", "name"},
		source.CodeRecordInvalid,
		`the write mode "upsert" requires a key`, "name the columns that identify a record",
	},
	{
		"delete without columns",
		source.Write{Table: named("t"), Mode: source.Delete},
		nil, source.CodeRecordInvalid,
		`the write mode "delete" requires a key`, "name the columns that identify a record",
	},
	{
		"key that is not written",
		source.Write{Table: named("t"), Mode: source.Update, Key: []string{"nr"}},
		[]string{"id", "name"},
		source.CodeRecordInvalid, `the column "nr" of the key is not written`, "the columns that are written are id, name",
	},
	{
		"update of the key alone",
		source.Write{Table: named("t"), Mode: source.Update, Key: []string{"id", "id"}},
		[]string{"id"},
		source.CodeRecordInvalid, "there is nothing to update: all columns belong to the key", "write further columns",
	},
	{
		"insert into a missing table",
		source.Write{Table: named("nowhere"), Mode: source.Insert},
		[]string{"id"},
		source.CodeTableNotFound, "the table does not exist", "load the table first, or correct its name",
	},
	{
		"update of a missing table",
		source.Write{Table: named("nowhere"), Mode: source.Update, Key: []string{"id"}},
		[]string{"id", "name"},
		source.CodeTableNotFound, "the table does not exist", "load the table first, or correct its name",
	},
	{
		"delete from a missing table",
		source.Write{Table: named("nowhere"), Mode: source.Delete},
		[]string{"id"},
		source.CodeTableNotFound, "the table does not exist", "load the table first, or correct its name",
	},
	{
		"append to a view",
		source.Write{Table: named("v"), Mode: source.Append},
		[]string{"id"},
		source.CodeOperationUnsupported,
		"the target is a view; only tables can be written to", "write to the table behind it",
	},
	{
		"replacement of a view",
		source.Write{Table: named("v"), Mode: source.Replace},
		[]string{"id"},
		source.CodeOperationUnsupported, "the target is a view; only tables can be written to", "write to the table behind it",
	},
	{
		"unknown column",
		source.Write{Table: named("t"), Mode: source.Refill},
		[]string{"id", "city"},
		source.CodeRecordInvalid,
		`the table has no column "city"`, "its columns are id, name",
	},
	{
		"unknown column of a delete",
		source.Write{Table: named("t"), Mode: source.Delete, Key: []string{"id"}},
		[]string{"id", "city"},
		source.CodeRecordInvalid, `the table has no column "city"`, "its columns are id, name",
	},
	{
		"generated column",
		source.Write{Table: named("g"), Mode: source.Insert},
		[]string{"id", "twice"},
		source.CodeRecordInvalid, `the database computes the column "twice"`, "do not write the column",
	},
	{
		"the ledger",
		source.Write{Table: named("jobwright_ledger"), Mode: source.Append},
		[]string{"id"},
		source.CodeOperationUnsupported,
		"the table jobwright_ledger is the ledger, in which the source records completed steps; no step may change it",
		"use a table of another name",
	},
}

// manyColumns are the names of more columns than a record can have.
var manyColumns = func() []string {
	names := make([]string, source.MaxColumns+1)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}

	return names
}()

func named(name string) source.Table { return source.Table{Name: name} }

// texts returns a schema of columns of texts.
func texts(names ...string) source.Schema {
	var schema source.Schema
	for _, name := range names {
		schema = append(schema, Column(name, of(source.Text)))
	}

	return schema
}

// contract checks that invalid writes have the same errors in every SQL driver, and read no rows.
func (s Suite) contract(t *testing.T) {
	recorder := s.recorder(t)

	_, err := recorder.Execute(t.Context(), source.Script{Text: `
		CREATE TABLE t (id VARCHAR(40), name VARCHAR(40));
		CREATE TABLE g (id INTEGER, twice INTEGER GENERATED ALWAYS AS (id * 2) STORED);
		CREATE VIEW v AS SELECT id FROM t`})
	require.NoError(t, err)

	for _, violation := range violations {
		t.Run(violation.name, func(t *testing.T) {
			violation.write.IdempotencyKey = source.IdempotencyKey{Job: "job", Run: "run", Step: violation.name}

			_, err := recorder.WriteTable(t.Context(), violation.write, &unreadable{t: t, schema: texts(violation.columns...)})

			var problem *source.Error
			require.ErrorAs(t, err, &problem)
			require.Equal(t, violation.code, problem.Code, "%v", err)
			require.Equal(t, violation.message, problem.Message)
			require.Equal(t, violation.write.Table.String(), problem.Table)
			require.NotEmpty(t, problem.Source)
			require.False(t, problem.Retryable)

			if violation.hint != "" {
				require.Equal(t, violation.hint, problem.Hint)
			}

			_, recorded, err := recorder.Recorded(t.Context(), violation.write.IdempotencyKey)
			require.NoError(t, err)
			require.False(t, recorded)
		})
	}
}

// recorded checks that a write that the ledger contains returns its record and reads no rows, even if the write has become
// invalid.
func (s Suite) recorded(t *testing.T) {
	recorder := s.recorder(t)

	for _, mode := range []source.Mode{
		source.Replace, source.Refill, source.Append, source.Upsert, source.Insert, source.Update, source.Delete,
	} {
		t.Run(string(mode), func(t *testing.T) {
			table := s.table("recorded_" + string(mode))
			s.write(t, recorder, source.Write{Table: table, Mode: source.Replace},
				NewRows(people, source.Record{int64(1), "one"}))

			write := source.Write{
				Table: table, Mode: mode, IdempotencyKey: source.IdempotencyKey{Job: "job", Run: "run", Step: string(mode)},
				Files: func() []source.Part {
					return []source.Part{{Table: source.Table{Space: "in", Name: "a.csv"}, Version: "7"}}
				},
				Rejected: func() int64 { return 3 },
			}
			if mode.Keyed() {
				write.Key = []string{"id"}
			}

			first := s.write(t, recorder, write, NewRows(people, source.Record{int64(1), "uno"}))
			require.EqualValues(t, 1, first.Rows)
			require.Equal(t, write.Files(), first.Read)
			require.EqualValues(t, 3, first.Rejected)

			// Each of the following attempts would be an error without the record.
			attempt := func(columns ...string) {
				t.Helper()

				written, err := recorder.WriteTable(t.Context(), write, &unreadable{t: t, schema: texts(columns...)})
				require.NoError(t, err)
				require.Equal(t, first, written)

				written, isRecorded, err := recorder.Recorded(t.Context(), write.IdempotencyKey)
				require.NoError(t, err)
				require.True(t, isRecorded)
				require.Equal(t, first, written)
			}

			write.Files, write.Rejected = nil, nil

			attempt("id", "id")
			attempt("city")
			attempt("")

			if mode.Keyed() {
				write.Key = []string{"nr"}
				attempt("id", "name")
			}

			require.NoError(t, recorder.DropTable(t.Context(), table))
			attempt("id", "name")

			write.IdempotencyKey.Input = "another"
			_, err := recorder.WriteTable(t.Context(), write, &unreadable{t: t, schema: texts("id", "name")})
			requireAlreadyChanged(t, err)

			_, _, err = recorder.Recorded(t.Context(), write.IdempotencyKey)
			requireAlreadyChanged(t, err)
		})
	}
}

// deleteRecords checks that only the records of the given runs are deleted. The names of the runs are those of no other test.
func (s Suite) deleteRecords(t *testing.T) {
	recorder := s.recorder(t)
	table := s.table("deleted_records")

	deleted, err := recorder.DeleteRecords(t.Context(), []string{"deleted 1", "missing"})
	require.NoError(t, err)
	require.Zero(t, deleted)

	key := func(run, step string) source.IdempotencyKey {
		return source.IdempotencyKey{Job: "job", Run: run, Step: step}
	}
	keys := []source.IdempotencyKey{
		key("deleted 1", "1"), key("deleted 1", "2"), key("deleted 2", "1"), key("deleted 10", "1"), key("DELETED 1", "1"),
		key(`deleted "'%_\\`, "1"),
	}

	s.write(t, recorder, source.Write{Table: table, Mode: source.Replace}, NewRows(people, source.Record{int64(0), "zero"}))

	for i, key := range keys {
		s.write(t, recorder, source.Write{Table: table, Mode: source.Append, IdempotencyKey: key},
			NewRows(people, source.Record{int64(i + 1), "one"}))
	}

	deleteOf := func(count int, runs ...string) {
		t.Helper()

		deleted, err := recorder.DeleteRecords(t.Context(), runs)
		require.NoError(t, err)
		require.EqualValues(t, count, deleted, "%q", runs)
	}

	deleteOf(0)
	deleteOf(0, "deleted _", "deleted%")
	deleteOf(3, "deleted 1", "deleted 2", "missing")
	deleteOf(0, "deleted 1", "deleted 2")

	for i, key := range keys {
		_, isRecorded, err := recorder.Recorded(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, i > 2, isRecorded, "%v", key) //nolint:mnd // The first three were deleted.
	}

	deleteOf(1, keys[len(keys)-1].Run)

	// The change whose record was deleted is made again.
	written := s.write(t, recorder, source.Write{Table: table, Mode: source.Append, IdempotencyKey: keys[0]},
		NewRows(people, source.Record{int64(7), "seven"}))
	require.EqualValues(t, 1, written.Rows)
	require.Len(t, s.read(t, recorder, table, people), len(keys)+2) //nolint:mnd // And the first record, and the repeated change.
}

// requireAlreadyChanged checks the error of a change that is recorded with another input.
func requireAlreadyChanged(t *testing.T, err error) {
	t.Helper()

	var problem *source.Error

	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeAlreadyChanged, problem.Code, "%v", err)
	require.NotEmpty(t, problem.Source)
	require.False(t, problem.Retryable)
}

func (s Suite) recorder(t *testing.T) Recorder {
	t.Helper()

	store := s.open(t)
	recorder, ok := store.(Recorder)
	require.True(t, ok, "a %T has a ledger, but runs no scripts", store)

	return recorder
}

// unreadable are rows that must not be read.
type unreadable struct {
	t      *testing.T
	schema source.Schema
}

func (u *unreadable) Schema() source.Schema { return u.schema }

func (u *unreadable) Next(context.Context) (source.Record, error) {
	u.t.Error("a row was read")

	return nil, errors.New("a row was read")
}

func (u *unreadable) Close() error { return nil }
