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

// An upsert by a value updates only the record with that value, or the store rejects the value as a key.
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

// rejectedKeys are the values that a store rejects only in a key: an index of MariaDB has at most 768 characters, and its decimals
// at most 35 digits before the point.
var rejectedKeys = map[string][]string{
	"MariaDB": {`text "` + strings.Repeat("long ", 8) + `…"`, `decimal "99999999999999999999999999999999999999"`},
}

// comparesNone reports whether a store can't compare values of a type.
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
			continue // NULL is not a key, and -0 equals 0.
		}

		record := source.Record{int64(i), value}

		conversions, err := upsert(fmt.Sprintf("%s %d", sample.Name(), i), record)
		if err != nil {
			requireNonRetryable(t, err)

			if !s.comparesNone(sample.Type) {
				require.Contains(t, slices.Concat(rejections[s.kind], rejectedKeys[s.kind]), named(sample, value))
			}

			continue
		}

		s.requireStored(t, s.table(fmt.Sprintf("%s %d", sample.Name(), i)), columns, []source.Record{record}, conversions)

		before, after = append(before, record), append(after, source.Record{int64(1_000 + i), value})
	}

	if s.comparesNone(sample.Type) {
		require.Empty(t, before)

		return
	}

	conversions, err := upsert("all "+sample.Name(), before...)
	require.NoError(t, err)
	s.requireStored(t, s.table("all "+sample.Name()), columns, before, conversions)

	_, err = upsert("all "+sample.Name(), after...)
	require.NoError(t, err)
	s.requireStored(t, s.table("all "+sample.Name()), columns, after, conversions)
}
