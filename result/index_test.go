package result_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// firsts returns the first records of pages that are at and around the records in the index, and at both ends.
func firsts(records int64) []int64 {
	numbers := []int64{0, 1, 2_500, records - 1, records, records + 1, records + 5_000, math.MaxInt64}

	for n := int64(1_000); n <= records; n += 1_000 {
		numbers = append(numbers, n-1, n, n+1)
	}

	return numbers
}

// requirePages requires that pages of the result contain the records of the whole, and that each refers to the next one.
func requirePages(t *testing.T, store *result.Store, reference job.Result) {
	t.Helper()

	all := strings.SplitAfter(lines(t, store, reference), "\n")
	all = all[:len(all)-1]
	require.Len(t, all, int(reference.Records))

	head, _, _ := strings.Cut(answer(t, store, reference, true), `"records":[`)

	for _, first := range firsts(reference.Records) {
		for _, limit := range []int64{1, 2, 999, 1_000, 1_001, 2_500, math.MaxInt64} {
			begin := min(first, reference.Records)
			end := begin + min(limit, reference.Records-begin)
			records := strings.TrimSuffix(strings.ReplaceAll(strings.Join(all[begin:end], ""), "\n", ",\n"), ",\n")

			got, next := copyRange(t, store, reference, result.Range{First: first, Limit: limit}, true)
			require.Equal(t, head+`"records":[`+records+"]}", got, "%d records from %d", limit, first)

			got, _ = copyRange(t, store, reference, result.Range{First: first, Limit: limit}, false)
			require.Equal(t, `{"records":[`+records+"]}", got, "%d records from %d", limit, first)

			if end == reference.Records {
				require.Nil(t, next, "%d records from %d", limit, first)
			} else {
				require.Equal(t, &result.Range{First: end, Limit: limit}, next)
			}
		}
	}
}

func TestCopyRangeByIndexEqualsThePageOfTheWhole(t *testing.T) {
	t.Parallel()

	for _, records := range []int{1, 999, 1_000, 1_001, 2_000, 2_001, 12_345} {
		t.Run(fmt.Sprint(records), func(t *testing.T) {
			t.Parallel()

			store := open(t, t.TempDir())
			requirePages(t, store, throughJob(t, *write(t, store, "1.json", numbered, texts(records, 7)...)))
		})
	}
}

func TestCopyRangeOfInlineResultEqualsThePageOfTheWhole(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())
	schema := numbered[:1]

	records := texts(1_500, 0)
	for i := range records {
		records[i] = records[i][:1]
	}

	reference := writeUpTo(t, maxInline, store, "1.json", schema, records[:1_100]...)
	require.NotNil(t, reference.Inline)
	requirePages(t, store, throughJob(t, *reference))
}

func TestTextAndIndexAreASequenceOfJSON(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	reference := write(t, open(t, folder), "1.json", numbered, texts(2_001, 7)...)

	text, err := os.ReadFile(filepath.Join(folder, "1.json"))
	require.NoError(t, err)

	var values []any

	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var value any
		if err := decoder.Decode(&value); err != nil {
			require.ErrorIs(t, err, io.EOF)

			break
		}

		values = append(values, value)
	}

	require.Len(t, values, 3)
	require.Len(t, text, int(reference.Bytes)+2*20)

	for i, at := range values[1:] {
		require.True(t, bytes.HasPrefix(text[int(at.(float64)):], fmt.Appendf(nil, `{"n":%d,`, (i+1)*1_000)), i)
	}
}

// A wrong index, or one of another result, never leads into the middle of a record, nor to an answer that looks whole.
func TestCopyRangeReportsADamagedIndex(t *testing.T) {
	t.Parallel()

	entry := func(text string) func(string) string {
		return func(index string) string { return fmt.Sprintf("\n%19s%s", text, index[20:]) }
	}

	for name, damage := range map[string]func(index string) string{
		"it is missing":               func(string) string { return "" },
		"an entry is missing":         func(index string) string { return index[20:] },
		"it has a suffix":             func(index string) string { return index + "\n" },
		"it has no line breaks":       func(index string) string { return strings.ReplaceAll(index, "\n", " ") },
		"it has no numbers":           entry("x"),
		"it is of spaces":             entry(""),
		"it is before the text":       entry("-5"),
		"it is at the beginning":      entry("0"),
		"it is at a byte of the head": entry("2"),
		"it is in a record":           entry("1000"),
		"it is far behind the text":   entry("9000000000000000000"),
		"it is too large a number":    entry("9999999999999999999"),
		"its entries are exchanged":   func(index string) string { return index[20:] + index[:20] },
		"its entries are the same":    func(index string) string { return index[:20] + index[:20] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()
			store := open(t, folder)
			reference := write(t, store, "1.json", numbered, texts(2_500, 1)...)
			file := filepath.Join(folder, "1.json")

			text, err := os.ReadFile(file)
			require.NoError(t, err)

			index := damage(string(text[reference.Bytes:]))
			require.NoError(t, os.WriteFile(file, append(text[:reference.Bytes:reference.Bytes], index...), 0o600))

			var got bytes.Buffer

			_, err = store.CopyRange(t.Context(), &got, *reference, result.Range{First: 1_200, Limit: 10}, true)
			require.ErrorContains(t, err, "is damaged")
			require.Empty(t, got.Bytes())
		})
	}
}
