package sourcetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// way is one of the ways in which records come into a table.
type way struct {
	name  string
	mode  source.Mode
	there state
}

// state is what is there of a table before it is written to.
type state int

const (
	missing state = iota // Nothing.
	empty                // A table without records, of the columns that are written.
	blank                // One with a record of NULLs.
	filled               // One with records.
)

var ways = []way{
	{"replace", source.Replace, missing},
	{"append to a missing table", source.Append, missing},
	{"refill a missing table", source.Refill, missing},
	{"upsert into a missing table", source.Upsert, missing},
	{"insert into an empty table", source.Insert, empty},
	{"upsert into an empty table", source.Upsert, empty},
	{"append to NULLs", source.Append, blank},
	{"append", source.Append, filled},
	{"insert", source.Insert, filled},
	{"refill", source.Refill, filled},
	{"upsert", source.Upsert, filled},
}

// Whatever the way from one store to another, a value comes out as it went in, or is refused.
//
// Each value is first written and read alone. What a store holds goes to each other one in a single table that has a column
// for each sample, so that the many ways from each to each stay affordable. What comes over HTTP goes one way: its records are
// those of the same file in a folder, which go all of them.
func TestValuesSurviveTransferBetweenAllStores(t *testing.T) {
	t.Parallel()

	all := stores(t)
	held := make([]holdings, len(all))

	require.True(t, t.Run("alone", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.name(), func(t *testing.T) {
				t.Parallel()

				held[i] = heldBy(t, s)
			})
		}
	}))

	for i, from := range all {
		t.Run("from "+from.name(), func(t *testing.T) {
			t.Parallel()

			columns, records := tableOf(held[i])
			table := from.table("from")
			written, err := from.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Replace},
				sourcetest.NewRows(columns, records...))
			require.NoError(t, err)
			from.requireHeld(t, table, columns, records, written.Conversions)

			for j, to := range all {
				if to.where == overHTTP {
					continue // Nobody writes there.
				}

				t.Run("to "+to.name(), func(t *testing.T) {
					t.Parallel()

					columns, records := tableOf(held[i], held[j])
					rows := typed(t, from, table, columns, records)
					records = sourcetest.Become(from.becomes, columns, records)

					for k, way := range ways {
						if from.where == overHTTP && way.mode != source.Replace {
							continue
						}

						t.Run(way.name, func(t *testing.T) {
							t.Parallel()

							into := to.table(fmt.Sprintf("to%d_%d", i, k))
							way.require(t, to, into, sourcetest.NewRows(rows.Columns, rows.Records...), columns, records)
						})
					}
				})
			}
		})
	}
}

// A record without a single value is one, too, in a table that has no other.
func TestRecordOfNULLsIsStored(t *testing.T) {
	t.Parallel()

	none := source.Record{nil}

	for _, s := range stores(t) {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()

			for _, sample := range sourcetest.Samples() {
				columns := source.Schema{sourcetest.Column("v", sample.Type)}
				table := s.table(columnNames.Replace(sample.Name()))
				there := 0

				for _, mode := range []source.Mode{source.Append, source.Insert, source.Replace, source.Append, source.Refill} {
					if mode == source.Replace || mode == source.Refill {
						there = 0
					}

					written, err := s.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: mode},
						sourcetest.NewRows(columns, none, none))
					require.NoError(t, err)
					require.EqualValues(t, 2, written.Rows)

					there += 2

					// What is there has the types that it is read with, be they the same or those that were told.
					told := []source.Conversion{{Column: "v"}}
					s.requireHeld(t, table, columns, slices.Repeat([]source.Record{none}, there), told)
				}
			}
		})
	}
}

// holdings are, for each sample, which of its values a store can hold.
type holdings [][]bool

// heldBy finds out which values a store holds. What it refuses, it has to refuse with an error.
func heldBy(t *testing.T, s store) (held holdings) {
	t.Helper()

	var refused []string

	for _, sample := range sourcetest.Samples() {
		columns := source.Schema{numbered, sourcetest.Column("v", sample.Type)}
		holds := make([]bool, len(sample.Values))

		for i, value := range sample.Values {
			records := []source.Record{{int64(i), value}}
			written, err := s.writer.WriteTable(t.Context(), source.Write{Table: s.table("alone"), Mode: source.Replace},
				sourcetest.NewRows(columns, records...))

			if holds[i] = err == nil; holds[i] {
				s.requireHeld(t, s.table("alone"), columns, records, written.Conversions)

				continue
			}

			requireIncurable(t, err)

			refused = append(refused, named(sample, value))
		}

		held = append(held, holds)
	}

	require.Equal(t, strings.Join(refusals[s.kind], "\n"), strings.Join(refused, "\n"), "other values are refused than should be")

	return held
}

// requireHeld holds that a table has the records that were written to it.
func (s store) requireHeld(
	t *testing.T, table source.Table, columns source.Schema, records []source.Record, conversions []source.Conversion,
) {
	t.Helper()
	sourcetest.RequireHeld(t, s.reader, table, columns, sourcetest.Become(s.becomes, columns, records), conversions, s.untyped)
}

func requireIncurable(t *testing.T, err error) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem, "%v", err)
	require.False(t, problem.Retryable, "%v", err)
}

// named is a value of a sample as the list of what is refused has it.
func named(sample sourcetest.Sample, value any) string {
	text := fmt.Sprint(value)
	if len(text) > 40 {
		text = text[:40] + "…"
	}

	return fmt.Sprintf("%s %q", sample.Name(), text)
}

// numbered is the column that tells records.
var numbered = sourcetest.Column("n", source.Standard{Type: source.Integer})

// columnNames makes names of columns of types.
var columnNames = strings.NewReplacer("(", "_", ",", "_", ")", "", "[]", "s")

// tableOf is a table with a column for each sample, whose values are those that all holdings have; NULL is in place of others.
func tableOf(held ...holdings) (columns source.Schema, records []source.Record) {
	columns = source.Schema{numbered}

	for i, sample := range sourcetest.Samples() {
		columns = append(columns, sourcetest.Column(columnNames.Replace(sample.Name()), sample.Type))

		for j, value := range sample.Values {
			if j == len(records) {
				records = append(records, make(source.Record, 1+len(sourcetest.Samples())))
				records[j][0] = int64(j)
			}

			if !slices.ContainsFunc(held, func(h holdings) bool { return !h[i][j] }) {
				records[j][i+1] = value
			}
		}
	}

	return columns, records
}

// typed reads a table as an author does who names the types of its columns. It leaves out the values that are not wanted.
func typed(t *testing.T, from store, table source.Table, columns source.Schema, wanted []source.Record) *sourcetest.Rows {
	t.Helper()

	types := map[string]source.Standard{}
	for _, column := range columns {
		types[column.Name] = column.Standard
	}

	rows, err := from.reader.ReadTable(t.Context(), source.Read{Table: table, Types: types})
	require.NoError(t, err)

	rows, err = source.Convert(rows, from.name(), table, types, nil)
	require.NoError(t, err)

	schema := rows.Schema()
	records := sourcetest.ReadAll(t, rows)
	require.Len(t, records, len(wanted))

	for _, record := range records {
		for i := range record {
			if wanted[record[0].(int64)][i] == nil {
				record[i] = nil
			}
		}
	}

	return sourcetest.NewRows(schema, records...)
}

// require holds that records which are written in that way are in the table afterwards, with those that stay of what is there.
func (w way) require(t *testing.T, to store, table source.Table, rows *sourcetest.Rows, columns source.Schema, want []source.Record) {
	t.Helper()

	var conversions []source.Conversion

	if w.there != missing {
		there := w.before(want)
		written, err := to.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Replace},
			sourcetest.NewRows(columns, there...))
		require.NoError(t, err)

		conversions = written.Conversions

		if w.mode != source.Refill {
			stays := func(record source.Record) bool { return record[0].(int64) < 0 }
			want = append(slices.DeleteFunc(there, func(r source.Record) bool { return !stays(r) }), want...)
		}
	}

	write := source.Write{Table: table, Mode: w.mode}
	if w.mode.Keyed() {
		write.Key = []string{numbered.Name}
	}

	written, err := to.writer.WriteTable(t.Context(), write, rows)
	if w.mode.Keyed() && to.keyless() {
		requireIncurable(t, err)

		return
	}

	require.NoError(t, err)
	to.requireHeld(t, table, columns, want, append(conversions, written.Conversions...))
}

// before are the records of a table that is there: the same values, below zero and, for an upsert, every second of them under a
// key that comes, with the values of another one.
func (w way) before(coming []source.Record) (there []source.Record) {
	switch w.there {
	case missing, empty:
		return nil
	case blank:
		return []source.Record{append(source.Record{int64(-1)}, make(source.Record, len(coming[0])-1)...)}
	case filled:
	}

	for i, record := range coming {
		record = slices.Clone(record)
		record[0] = int64(i - len(coming))

		if w.mode == source.Upsert && i%2 == 0 {
			record[0] = int64(len(coming) - 1 - i)
		}

		there = append(there, record)
	}

	return there
}
