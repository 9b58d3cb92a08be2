package sourcetest_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// A value tells its record from those of all other values, and its record is found again by it; or it is refused as a key.
func TestUpsertDistinguishesAllValues(t *testing.T) {
	t.Parallel()

	for _, s := range stores(t) {
		if s.keyless() {
			continue
		}

		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()

			for _, sample := range sourcetest.Samples() {
				t.Run(sample.Name(), func(t *testing.T) {
					t.Parallel()
					s.requireKeys(t, sample)
				})
			}
		})
	}
}

// refusedKeys are the values that are none in a key alone: an index of MariaDB's has 768 characters, and 35 digits before a point.
var refusedKeys = map[string][]string{
	"MariaDB": {`text "` + strings.Repeat("long ", 8) + `…"`, `decimal "99999999999999999999999999999999999999"`},
}

// comparesNone reports whether a store can't tell values of a type from each other.
func (s store) comparesNone(of source.Standard) bool {
	return s.kind == "PostgreSQL" && (of.Type == source.JSON || of.Element == source.JSON)
}

func (s store) requireKeys(t *testing.T, sample sourcetest.Sample) {
	t.Helper()

	columns := source.Schema{numbered, sourcetest.Column("v", sample.Type)}
	upsert := func(table string, records ...source.Record) ([]source.Conversion, error) {
		written, err := s.writer.WriteTable(t.Context(),
			source.Write{Table: s.table(table), Mode: source.Upsert, Key: []string{"v"}}, sourcetest.NewRows(columns, records...))

		return written.Conversions, err
	}

	var before, after []source.Record

	for i, value := range sample.Values {
		if float, _ := value.(float64); value == nil || float == 0 && math.Signbit(float) {
			continue // NULL is no key, and -0 is the same as 0.
		}

		record := source.Record{int64(i), value}

		conversions, err := upsert(fmt.Sprintf("%s %d", sample.Name(), i), record)
		if err != nil {
			requireIncurable(t, err)

			if !s.comparesNone(sample.Type) {
				require.Contains(t, slices.Concat(refusals[s.kind], refusedKeys[s.kind]), named(sample, value))
			}

			continue
		}

		s.requireHeld(t, s.table(fmt.Sprintf("%s %d", sample.Name(), i)), columns, []source.Record{record}, conversions)

		before, after = append(before, record), append(after, source.Record{int64(1_000 + i), value})
	}

	if s.comparesNone(sample.Type) {
		require.Empty(t, before)

		return
	}

	conversions, err := upsert("all "+sample.Name(), before...)
	require.NoError(t, err)
	s.requireHeld(t, s.table("all "+sample.Name()), columns, before, conversions)

	_, err = upsert("all "+sample.Name(), after...)
	require.NoError(t, err)
	s.requireHeld(t, s.table("all "+sample.Name()), columns, after, conversions)
}
