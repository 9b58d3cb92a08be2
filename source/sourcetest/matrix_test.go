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

// writeCase is a write to a table in an initial state.
type writeCase struct {
	name    string
	mode    source.Mode
	initial state
}

// state is the state of a table before a write.
type state int

const (
	missing state = iota
	empty         // A table without records, with the written columns.
	blank         // A table with a record of NULLs.
	filled        // A table with records.
)

var writeCases = []writeCase{
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

// Every store stores the values of every other store exactly, or rejects them.
//
// The test first writes and reads each value alone. Then it transfers the values that a store accepts to each other store, in one
// table with a column for each sample, since there are many pairs of stores. Records of HTTP are transferred in one mode only:
// they equal the records of the same file in a folder, which are transferred in all modes.
func TestValuesSurviveTransferBetweenAllStores(t *testing.T) {
	t.Parallel()

	all := stores(t)
	accepted := make([]acceptance, len(all))

	require.True(t, t.Run("alone", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.name(), func(t *testing.T) {
				t.Parallel()

				accepted[i] = acceptedBy(t, s)
			})
		}
	}))

	for i, from := range all {
		t.Run("from "+from.name(), func(t *testing.T) {
			t.Parallel()

			columns, records := tableOf(accepted[i])
			table := from.table("from")
			written, err := from.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Replace},
				sourcetest.NewRows(columns, records...))
			require.NoError(t, err)
			from.requireStored(t, table, columns, records, written.Conversions)

			for j, to := range all {
				if to.where == overHTTP {
					continue // The store can only be read.
				}

				t.Run("to "+to.name(), func(t *testing.T) {
					t.Parallel()

					columns, records := tableOf(accepted[i], accepted[j])
					rows := typed(t, from, table, columns, records)
					records = sourcetest.Become(from.becomes, columns, records)

					for k, test := range writeCases {
						if from.where == overHTTP && test.mode != source.Replace {
							continue
						}

						t.Run(test.name, func(t *testing.T) {
							t.Parallel()

							into := to.table(fmt.Sprintf("to%d_%d", i, k))
							test.require(t, to, into, sourcetest.NewRows(rows.Columns, rows.Records...), columns, records)
						})
					}
				})
			}
		})
	}
}

// A table stores records that contain only NULL.
func TestRecordOfNULLsIsStored(t *testing.T) {
	t.Parallel()

	none := source.Record{nil}

	for _, s := range stores(t) {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()

			for _, sample := range sourcetest.Samples() {
				columns := source.Schema{sourcetest.Column("v", sample.Type)}
				table := s.table(columnNames.Replace(sample.Name()))
				count := 0

				for _, mode := range []source.Mode{source.Append, source.Insert, source.Replace, source.Append, source.Refill} {
					if mode == source.Replace || mode == source.Refill {
						count = 0
					}

					written, err := s.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: mode},
						sourcetest.NewRows(columns, none, none))
					require.NoError(t, err)
					require.EqualValues(t, 2, written.Rows)

					count += 2

					// The conversion makes the helper read the column as its standard type, whether or not the write converted it.
					conversions := []source.Conversion{{Column: "v"}}
					s.requireStored(t, table, columns, slices.Repeat([]source.Record{none}, count), conversions)
				}
			}
		})
	}
}

// acceptance reports for each value of each sample whether a store accepts it.
type acceptance [][]bool

// acceptedBy writes each value and returns which values the store accepts. It requires a non-retryable error for the others.
func acceptedBy(t *testing.T, s store) (accepted acceptance) {
	t.Helper()

	var rejected []string

	for _, sample := range sourcetest.Samples() {
		columns := source.Schema{numbered, sourcetest.Column("v", sample.Type)}
		accepts := make([]bool, len(sample.Values))

		for i, value := range sample.Values {
			records := []source.Record{{int64(i), value}}
			written, err := s.writer.WriteTable(t.Context(), source.Write{Table: s.table("alone"), Mode: source.Replace},
				sourcetest.NewRows(columns, records...))

			if accepts[i] = err == nil; accepts[i] {
				s.requireStored(t, s.table("alone"), columns, records, written.Conversions)

				continue
			}

			requireNonRetryable(t, err)

			rejected = append(rejected, named(sample, value))
		}

		accepted = append(accepted, accepts)
	}

	require.Equal(t, strings.Join(rejections[s.kind], "\n"), strings.Join(rejected, "\n"), "the store rejects other values")

	return accepted
}

// requireStored requires that a table contains exactly the written records.
func (s store) requireStored(
	t *testing.T, table source.Table, columns source.Schema, records []source.Record, conversions []source.Conversion,
) {
	t.Helper()
	sourcetest.RequireStored(t, s.reader, table, columns, sourcetest.Become(s.becomes, columns, records), conversions, s.untyped)
}

func requireNonRetryable(t *testing.T, err error) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem, "%v", err)
	require.False(t, problem.Retryable, "%v", err)
}

// named returns the name of a sample's value in rejections.
func named(sample sourcetest.Sample, value any) string {
	text := fmt.Sprint(value)
	if len(text) > 40 {
		text = text[:40] + "…"
	}

	return fmt.Sprintf("%s %q", sample.Name(), text)
}

// numbered is the column that identifies records.
var numbered = sourcetest.Column("n", source.Standard{Type: source.Integer})

// columnNames converts the names of types to names of columns.
var columnNames = strings.NewReplacer("(", "_", ",", "_", ")", "", "[]", "s")

// tableOf returns a table with a column for each sample. NULL replaces the values that one of the stores does not accept.
func tableOf(accepted ...acceptance) (columns source.Schema, records []source.Record) {
	columns = source.Schema{numbered}

	for i, sample := range sourcetest.Samples() {
		columns = append(columns, sourcetest.Column(columnNames.Replace(sample.Name()), sample.Type))

		for j, value := range sample.Values {
			if j == len(records) {
				records = append(records, make(source.Record, 1+len(sourcetest.Samples())))
				records[j][0] = int64(j)
			}

			if !slices.ContainsFunc(accepted, func(a acceptance) bool { return !a[i][j] }) {
				records[j][i+1] = value
			}
		}
	}

	return columns, records
}

// typed reads a table with declared types of its columns. NULL replaces the values that are NULL in wanted.
func typed(t *testing.T, from store, table source.Table, columns source.Schema, wanted []source.Record) *sourcetest.Rows {
	t.Helper()

	types := map[string]source.Standard{}
	for _, column := range columns {
		types[column.Name] = column.Standard
	}

	rows, err := from.reader.ReadTable(t.Context(), source.Read{Table: table, Types: types})
	require.NoError(t, err)

	rows, err = source.Convert(rows, from.name(), source.Read{Table: table, Types: types})
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

// require writes the records, and requires that the table contains them and the initial records that the mode preserves.
func (w writeCase) require(t *testing.T, to store, table source.Table, rows *sourcetest.Rows, columns source.Schema, want []source.Record) {
	t.Helper()

	var conversions []source.Conversion

	if w.initial != missing {
		initial := w.before(want)
		written, err := to.writer.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Replace},
			sourcetest.NewRows(columns, initial...))
		require.NoError(t, err)

		conversions = written.Conversions

		if w.mode != source.Refill {
			isUpdated := func(record source.Record) bool { return record[0].(int64) >= 0 }
			want = append(slices.DeleteFunc(initial, isUpdated), want...)
		}
	}

	write := source.Write{Table: table, Mode: w.mode}
	if w.mode.Keyed() {
		write.Key = []string{numbered.Name}
	}

	written, err := to.writer.WriteTable(t.Context(), write, rows)
	if w.mode.Keyed() && to.keyless() {
		requireNonRetryable(t, err)

		return
	}

	require.NoError(t, err)
	to.requireStored(t, table, columns, want, append(conversions, written.Conversions...))
}

// before returns the initial records: the written values with negative numbers. For an upsert, every second record has the number
// of a written record with other values.
func (w writeCase) before(written []source.Record) (initial []source.Record) {
	switch w.initial {
	case missing, empty:
		return nil
	case blank:
		return []source.Record{append(source.Record{int64(-1)}, make(source.Record, len(written[0])-1)...)}
	case filled:
	}

	for i, record := range written {
		record = slices.Clone(record)
		record[0] = int64(i - len(written))

		if w.mode == source.Upsert && i%2 == 0 {
			record[0] = int64(len(written) - 1 - i)
		}

		initial = append(initial, record)
	}

	return initial
}
