package sourcetest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

// Suite tests that a driver whose tables can be written and read fulfils the contract of package source.
type Suite struct {
	// Open returns a source connected to a real server or folder that no other test uses.
	Open func(t *testing.T) source.Source

	// Table returns the table name for a word: orders.csv for orders, for example. If Table is nil, the word is the name.
	Table func(word string) string

	// Untyped says that the source stores only text, so the tests name the types of columns when they read.
	Untyped bool

	// Refuses reports whether the source can't store a value, so that writing it must fail. Writing all other values must
	// succeed.
	Refuses func(of source.Standard, value any) bool

	// Becomes returns the value that is read after a value was written, if it differs as docs/types.md documents: [InUTC], for
	// example. If Becomes is nil, values must not change.
	Becomes func(of source.Standard, value any) any

	// Keyless says that the source does not support keys, so upsert, update and delete must fail.
	Keyless bool

	// Ledger says that the source is an SQL database, which records its writes in a ledger.
	Ledger bool
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	t.Helper()

	t.Run("values are stored exactly or rejected", s.values)
	t.Run("check describes the source", s.check)
	t.Run("read of a missing table fails", s.missing)
	t.Run("describe returns the columns as read", s.describe)
	t.Run("overlaps compares tables", s.overlaps)
	t.Run("replace", s.replace)
	t.Run("append", s.append)
	t.Run("insert", s.insert)
	t.Run("refill", s.refill)
	t.Run("drop", s.drop)

	if !s.Keyless {
		t.Run("upsert", s.upsert)
		t.Run("update", s.update)
		t.Run("delete", s.delete)
	}

	t.Run("a failed write changes nothing", s.failing)

	t.Run("a write ends with its context, even if its rows do not", s.endless)

	if s.Ledger {
		t.Run("an invalid write has the same error in every driver", s.contract)
		t.Run("a recorded write returns its record", s.recorded)
		t.Run("records of runs are deleted", s.deleteRecords)
	}
}

// Store is a source that the suite can test.
type Store interface {
	source.Reader
	source.Writer
	source.Dropper
	source.Describer
	source.Overlapper
}

func (s Suite) open(t *testing.T) Store {
	t.Helper()

	opened := s.Open(t)
	store, ok := opened.(Store)
	require.True(t, ok, "a %T can't be read, written and dropped", opened)

	return store
}

func (s Suite) table(word string) source.Table {
	if s.Table != nil {
		word = s.Table(word)
	}

	return source.Table{Name: word}
}

func (s Suite) write(t *testing.T, to Store, write source.Write, rows source.Rows) source.Written {
	t.Helper()

	written, err := to.WriteTable(t.Context(), write, rows)
	require.NoError(t, err)

	return written
}

// read returns the records of a table, with the types of columns, in the order of the first column.
func (s Suite) read(t *testing.T, from Store, table source.Table, columns source.Schema) []source.Record {
	t.Helper()

	rows, err := from.ReadTable(t.Context(), source.Read{Table: table})
	require.NoError(t, err)

	records := ReadAll(t, s.typed(t, rows, columns))
	slices.SortFunc(records, func(a, b source.Record) int {
		return strings.Compare(fmt.Sprint(a[0]), fmt.Sprint(b[0]))
	})

	return records
}

// typed converts rows to the types of columns if the source stores only text.
func (s Suite) typed(t *testing.T, rows source.Rows, columns source.Schema) source.Rows {
	t.Helper()

	if !s.Untyped {
		return rows
	}

	types := map[string]source.Standard{}
	for _, column := range columns {
		types[column.Name] = column.Standard
	}

	converted, err := source.Convert(rows, "test", source.Read{Types: types})
	require.NoError(t, err)

	return converted
}

func (s Suite) values(t *testing.T) {
	store := s.open(t)

	for i, sample := range Samples() {
		t.Run(sample.Name(), func(t *testing.T) {
			var stored []source.Record

			columns := source.Schema{Column("n", of(source.Integer)), Column("v", sample.Type)}

			for j, value := range sample.Values {
				table := s.table(fmt.Sprintf("rejected%d", i))
				record := source.Record{int64(j), value}

				if s.Refuses == nil || !s.Refuses(sample.Type, value) {
					stored = append(stored, record)

					continue
				}

				write := source.Write{Table: table, Mode: source.Replace}
				_, err := store.WriteTable(t.Context(), write, NewRows(columns, record))

				var problem *source.Error
				require.ErrorAs(t, err, &problem, "%v was not rejected", value)
				require.False(t, problem.Retryable, "%v", err)
				require.Contains(t, err.Error(), `"v"`, "the error does not name the column")
			}

			table := s.table(fmt.Sprintf("stored%d", i))
			written := s.write(t, store, source.Write{Table: table, Mode: source.Replace}, NewRows(columns, stored...))
			require.EqualValues(t, len(stored), written.Rows)

			if s.Becomes != nil {
				stored = Become(s.Becomes, columns, stored)
			}

			RequireStored(t, store, table, columns, stored, written.Conversions, s.Untyped)
		})
	}
}

// Become returns records in which becomes has replaced the values.
func Become(becomes func(of source.Standard, value any) any, columns source.Schema, records []source.Record) []source.Record {
	became := make([]source.Record, len(records))

	for i, record := range records {
		became[i] = slices.Clone(record)
		for j, value := range record {
			became[i][j] = becomes(columns[j].Standard, value)
		}
	}

	return became
}

// RequireStored requires that a table contains exactly the written records: in the types of columns or, for a column in
// conversions and if untyped is set, in a type from which the values can be converted back.
func RequireStored(
	t T, from source.Reader, table source.Table, columns source.Schema, written []source.Record,
	conversions []source.Conversion, untyped bool,
) {
	t.Helper()

	types := map[string]source.Standard{}

	for _, column := range columns {
		isConverted := slices.ContainsFunc(conversions, func(c source.Conversion) bool { return c.Column == column.Name })
		if untyped || isConverted {
			types[column.Name] = column.Standard
		}
	}

	rows, err := from.ReadTable(t.Context(), source.Read{Table: table, Types: types})
	require.NoError(t, err)
	require.Equal(t, columns.Names(), rows.Schema().Names())

	for i, column := range rows.Schema() {
		if _, converted := types[column.Name]; !converted {
			require.Equal(t, columns[i].Type, column.Type, "the type of the column %s changed without a conversion", column.Name)
			require.Equal(t, columns[i].Element, column.Element, "the column %s", column.Name)
		}
	}

	converted, err := source.Convert(rows, "test", source.Read{Table: table, Types: types})
	require.NoError(t, err)

	number := func(record source.Record) int64 { // Records without a number are all equal.
		number, _ := record[0].(int64)

		return number
	}

	records := ReadAll(t, converted)
	slices.SortFunc(records, func(a, b source.Record) int { return cmp.Compare(number(a), number(b)) })
	require.Len(t, records, len(written))

	for i, record := range written {
		for j, column := range columns {
			require.True(t, Equal(column.Standard, record[j], records[i][j]), "%s: %#v became %#v", column.Name, record[j],
				records[i][j])
		}
	}
}

func (s Suite) check(t *testing.T) {
	found, err := s.open(t).Check(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, found)
}

func (s Suite) missing(t *testing.T) {
	_, err := s.open(t).ReadTable(t.Context(), source.Read{Table: s.table("nowhere")})
	requireTableNotFound(t, err)
}

func (s Suite) describe(t *testing.T) {
	store := s.open(t)
	table := s.table("described")

	var (
		columns source.Schema
		record  source.Record
	)

	for i, sample := range Samples() {
		columns = append(columns, Column(fmt.Sprintf("c%d", i), sample.Type))
		record = append(record, nil)

		for _, value := range sample.Values {
			if s.Refuses == nil || !s.Refuses(sample.Type, value) {
				record[i] = value

				break
			}
		}
	}

	for _, records := range [][]source.Record{{record}, nil} {
		s.write(t, store, source.Write{Table: table, Mode: source.Replace}, NewRows(columns, records...))

		rows, err := store.ReadTable(t.Context(), source.Read{Table: table})
		require.NoError(t, err)
		require.NoError(t, rows.Close())

		described, err := store.Describe(t.Context(), table, source.Format{})
		require.NoError(t, err)
		require.Equal(t, rows.Schema(), described)
	}

	_, err := store.Describe(t.Context(), s.table("nowhere"), source.Format{})
	requireTableNotFound(t, err)
}

func (s Suite) overlaps(t *testing.T) {
	store := s.open(t)

	for _, exist := range []bool{false, true} {
		if exist {
			s.write(t, store, source.Write{Table: s.table("a"), Mode: source.Replace}, NewRows(people))
		}

		for _, other := range []string{"a", "b"} {
			for _, pair := range [][2]source.Table{{s.table("a"), s.table(other)}, {s.table(other), s.table("a")}} {
				same, err := store.Overlaps(t.Context(), pair[0], pair[1])
				require.NoError(t, err)
				require.Equal(t, other == "a", same, "%s and %s", pair[0], pair[1])
			}
		}
	}
}

func requireTableNotFound(t *testing.T, err error) {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, source.CodeTableNotFound, problem.Code, "%v", err)
	require.False(t, problem.Retryable, "%v", err)
}

// people are the columns of the table that the tests of modes write.
var people = source.Schema{Column("id", of(source.Integer)), Column("name", of(source.Text))}

func (s Suite) begin(t *testing.T) (Store, source.Table) {
	t.Helper()

	store, table := s.open(t), s.table("people")
	s.write(t, store, source.Write{Table: table, Mode: source.Replace}, NewRows(people,
		source.Record{int64(1), "one"}, source.Record{int64(2), nil}))

	return store, table
}

func (s Suite) replace(t *testing.T) {
	store, table := s.begin(t)

	columns := source.Schema{Column("key", of(source.Text))}
	written := s.write(t, store, source.Write{Table: table, Mode: source.Replace}, NewRows(columns, source.Record{"a"}))
	require.EqualValues(t, 1, written.Rows)
	require.Equal(t, []source.Record{{"a"}}, s.read(t, store, table, columns))

	s.write(t, store, source.Write{Table: table, Mode: source.Replace}, NewRows(columns))
	require.Empty(t, s.read(t, store, table, columns))
}

func (s Suite) append(t *testing.T) {
	store, table := s.begin(t)

	// Columns are matched by their names, and a column that is not written is NULL.
	swapped := source.Schema{people[1], people[0]}
	s.write(t, store, source.Write{Table: table, Mode: source.Append}, NewRows(swapped, source.Record{"three", int64(3)}))
	s.write(t, store, source.Write{Table: table, Mode: source.Append}, NewRows(people[:1], source.Record{int64(4)}))
	require.Equal(t, []source.Record{{int64(1), "one"}, {int64(2), nil}, {int64(3), "three"}, {int64(4), nil}},
		s.read(t, store, table, people))

	_, err := store.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Append},
		NewRows(source.Schema{people[0], Column("unknown", of(source.Text))}, source.Record{int64(5), "x"}))
	require.ErrorContains(t, err, "unknown")

	fresh := s.table("fresh")
	s.write(t, store, source.Write{Table: fresh, Mode: source.Append}, NewRows(people, source.Record{int64(1), "one"}))
	require.Equal(t, []source.Record{{int64(1), "one"}}, s.read(t, store, fresh, people))
}

func (s Suite) insert(t *testing.T) {
	store, table := s.begin(t)

	s.write(t, store, source.Write{Table: table, Mode: source.Insert}, NewRows(people, source.Record{int64(3), "three"}))
	require.Len(t, s.read(t, store, table, people), 3)

	_, err := store.WriteTable(t.Context(), source.Write{Table: s.table("nowhere"), Mode: source.Insert},
		NewRows(people, source.Record{int64(3), "three"}))
	requireTableNotFound(t, err)
}

func (s Suite) refill(t *testing.T) {
	store, table := s.begin(t)

	s.write(t, store, source.Write{Table: table, Mode: source.Refill}, NewRows(people[:1], source.Record{int64(3)}))
	require.Equal(t, []source.Record{{int64(3), nil}}, s.read(t, store, table, people))

	fresh := s.table("refilled")
	s.write(t, store, source.Write{Table: fresh, Mode: source.Refill}, NewRows(people, source.Record{int64(1), "one"}))
	require.Len(t, s.read(t, store, fresh, people), 1)
}

func (s Suite) upsert(t *testing.T) {
	store, table := s.begin(t)

	upsert := source.Write{Table: table, Mode: source.Upsert, Key: []string{"id"}}
	records := func() *Rows {
		return NewRows(people, source.Record{int64(2), "two"}, source.Record{int64(3), "first"}, source.Record{int64(3), "last"})
	}
	want := []source.Record{{int64(1), "one"}, {int64(2), "two"}, {int64(3), "last"}}

	s.write(t, store, upsert, records())
	require.Equal(t, want, s.read(t, store, table, people))

	s.write(t, store, upsert, records())
	require.Equal(t, want, s.read(t, store, table, people), "a second time changes nothing")

	upsert.Table = s.table("upserted")
	for range 2 {
		s.write(t, store, upsert, records())
	}

	require.Equal(t, want[1:], s.read(t, store, upsert.Table, people))
}

func (s Suite) update(t *testing.T) {
	store, table := s.begin(t)

	written := s.write(t, store, source.Write{Table: table, Mode: source.Update, Key: []string{"id"}},
		NewRows(people, source.Record{int64(1), "uno"}, source.Record{int64(9), "none"}))
	require.EqualValues(t, 1, written.Rows)
	require.Equal(t, []source.Record{{int64(1), "uno"}, {int64(2), nil}}, s.read(t, store, table, people))
}

func (s Suite) delete(t *testing.T) {
	store, table := s.begin(t)

	written := s.write(t, store, source.Write{Table: table, Mode: source.Delete, Key: []string{"id"}},
		NewRows(people[:1], source.Record{int64(1)}, source.Record{int64(9)}))
	require.EqualValues(t, 1, written.Rows)
	require.Equal(t, []source.Record{{int64(2), nil}}, s.read(t, store, table, people))
}

func (s Suite) drop(t *testing.T) {
	store, table := s.begin(t)

	for range 2 {
		require.NoError(t, store.DropTable(t.Context(), table))
	}

	_, err := store.ReadTable(t.Context(), source.Read{Table: table})
	requireTableNotFound(t, err)
}

// errReading has io.EOF as its cause, like the loss of a connection. It is not the end of the rows.
var errReading = fmt.Errorf("reading failed: %w", io.EOF)

func (s Suite) failing(t *testing.T) {
	modes := []source.Mode{source.Replace, source.Append, source.Insert, source.Refill}
	if !s.Keyless {
		modes = append(modes, source.Upsert, source.Update, source.Delete)
	}

	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			store, table := s.begin(t)
			before := s.read(t, store, table, people)

			columns := people
			if mode == source.Delete {
				columns = people[:1]
			}

			rows := NewRows(columns,
				source.Record{int64(1), "changed"}[:len(columns)], source.Record{int64(7), "new"}[:len(columns)])
			rows.Failure = errReading

			write := source.Write{Table: table, Mode: mode}
			if mode.Keyed() {
				write.Key = []string{"id"}
			}

			_, err := store.WriteTable(t.Context(), write, rows)
			require.ErrorIs(t, err, errReading)
			require.Equal(t, before, s.read(t, store, table, people))
		})
	}
}
