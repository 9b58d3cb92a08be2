package result_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

// bothWays calls check with a result set that is stored, and with one that is part of its reference where it can be.
func bothWays(
	t *testing.T, schema source.Schema, records []source.Record, check func(*testing.T, *result.Store, job.Result),
) {
	t.Helper()

	for name, inline := range map[string]int{"stored": 0, "inline": maxInline} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			store := open(t, t.TempDir())
			check(t, store, throughJob(t, *writeUpTo(t, inline, store, "7/run/1-1.json", schema, records...)))
		})
	}
}

// lines returns a result set as NDJSON.
func lines(t *testing.T, store *result.Store, reference job.Result) string {
	t.Helper()

	var text strings.Builder
	require.NoError(t, store.CopyLines(t.Context(), &text, reference))

	return text.String()
}

// asCSV returns a result set as CSV.
func asCSV(t *testing.T, store *result.Store, reference job.Result) string {
	t.Helper()

	var text strings.Builder
	require.NoError(t, store.CopyCSV(t.Context(), &text, reference))

	return text.String()
}

func TestCopyLinesWritesOneRecordPerLine(t *testing.T) {
	t.Parallel()

	schema := source.Schema{column("n", source.Integer), column("text", source.Text), columnOf("j", standard(t, "json"))}

	for name, test := range map[string]struct {
		records []source.Record
		want    string
	}{
		"no records": {nil, ""},
		"one":        {[]source.Record{{int64(1), "]}", nil}}, `{"n":1,"text":"]}","j":null}` + "\n"},
		"text that looks like the end": {
			[]source.Record{{int64(1), "a,\nb]}", json.RawMessage("[\n1,\n2]")}, {nil, "}]}", nil}},
			`{"n":1,"text":"a,\nb]}","j":[ 1, 2]}` + "\n" + `{"n":null,"text":"}]}","j":null}` + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			bothWays(t, schema, test.records, func(t *testing.T, store *result.Store, reference job.Result) {
				t.Helper()

				want := test.want
				if reference.Inline != nil {
					want = strings.ReplaceAll(want, "[ 1, 2]", "[1,2]") // What is part of a job has no spaces.
				}

				require.Equal(t, want, lines(t, store, reference))
			})
		})
	}
}

func TestCopyReadsRecordsOfAnyLength(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())

	// Around the bounds of the buffers on the way, and far beyond.
	for _, length := range []int{256<<10 - 20, 256<<10 - 11, 256<<10 - 10, 256<<10 - 9, 256<<10 - 8, 256 << 10, 1 << 20} {
		text := strings.Repeat("x", length)
		reference := write(t, store, "1.json", source.Schema{column("a", source.Text)},
			source.Record{"first"}, source.Record{text}, source.Record{"last"})

		require.Equal(t, `{"a":"first"}`+"\n"+`{"a":"`+text+`"}`+"\n"+`{"a":"last"}`+"\n", lines(t, store, *reference))
	}
}

func TestCopyCSVFormatsEveryType(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		of    string
		value any
		want  string
	}{
		{"text", "IBM", `IBM`},
		{"text", nil, ``},
		{"text", "", `""`},
		{"text", "null", `null`},
		{"text", " a b ", ` a b `},
		{"text", `a,b`, `"a,b"`},
		{"text", `say "hi"`, `"say ""hi"""`},
		{"text", "two\r\nlines", "\"two\r\nlines\""},
		{"text", `back\slash}]`, `back\slash}]`},
		{"text", "é株 <&>\x00\u2028", "é株 <&>\x00\u2028"},
		{"integer", int64(math.MinInt64), `-9223372036854775808`},
		{"decimal", source.Number("12345678901234567890.10"), `12345678901234567890.10`},
		{"float", 1e21, `1e+21`},
		{"float", math.NaN(), `NaN`},
		{"boolean", true, `true`},
		{"date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), `2024-02-29`},
		{"time", time.Hour, `01:00:00`},
		{"datetime", time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), `2024-02-29T12:00:00`},
		{"timestamp", time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), `2024-02-29T12:00:00Z`},
		{"binary", []byte{0, 255}, `AP8=`},
		{"binary", []byte{}, `""`},
		{"uuid", uuid.MustParse("018c9a3e-7b1d-7000-8000-0123456789ab"), `018c9a3e-7b1d-7000-8000-0123456789ab`},
		{"json", json.RawMessage(`{"a":[1,"}\"]"],"b":2}`), `"{""a"":[1,""}\""]""],""b"":2}"`},
		{"json", json.RawMessage(`"x"`), `"""x"""`},
		{"json", json.RawMessage(`1.50`), `1.50`},
		{"integer[]", []any{int64(1), []any{nil}}, `"[1,[null]]"`},
		{"text[]", []any{}, `[]`},
	} {
		t.Run(test.of+" "+test.want, func(t *testing.T) {
			t.Parallel()

			schema := source.Schema{
				columnOf("before", standard(t, test.of)), column(`a "b", <c>`, source.Integer), columnOf("after", standard(t, test.of)),
			}

			bothWays(t, schema, []source.Record{{test.value, int64(7), test.value}},
				func(t *testing.T, store *result.Store, reference job.Result) {
					t.Helper()

					want := "before,\"a \"\"b\"\", <c>\",after\r\n" + test.want + ",7," + test.want + "\r\n"
					require.Equal(t, want, asCSV(t, store, reference))
				})
		})
	}
}

func TestCopyCSVOfNoRecordsWritesColumnNames(t *testing.T) {
	t.Parallel()

	bothWays(t, numbered, nil, func(t *testing.T, store *result.Store, reference job.Result) {
		t.Helper()
		require.Equal(t, "n,text\r\n", asCSV(t, store, reference))
	})
}

// A reader of the CSV gets exactly the text of the source.
func FuzzAnyTextIsTheSameInCSV(f *testing.F) {
	for _, text := range []string{"", "IBM", `"`, `\`, `\"`, ",", "\n", "\x00\x1f\x7f", "\u2028\ufeff", `{"a":"}"}`, "<株>"} {
		f.Add(text, text)
	}

	f.Fuzz(func(t *testing.T, name, text string) {
		t.Parallel()

		name, text = strings.ToValidUTF8(name, ""), strings.ToValidUTF8(text, "")

		bothWays(t, source.Schema{column(name, source.Text), column(name+"2", source.Text)}, []source.Record{{text, "end"}},
			func(t *testing.T, store *result.Store, reference job.Result) {
				t.Helper()

				read, err := csv.NewReader(strings.NewReader(asCSV(t, store, reference))).ReadAll()
				require.NoError(t, err)

				// The reader converts this pair to one line break.
				crlf := strings.NewReplacer("\r\n", "\n")
				require.Equal(t, [][]string{
					{crlf.Replace(name), crlf.Replace(name + "2")}, {crlf.Replace(text), "end"},
				}, read)
			})
	})
}

// copyRange returns a range of a result set, and the range that follows it.
func copyRange(
	t *testing.T, store *result.Store, reference job.Result, part result.Range, withSchema bool,
) (string, *result.Range) {
	t.Helper()

	var text strings.Builder

	next, err := store.CopyRange(t.Context(), &text, reference, part, withSchema)
	require.NoError(t, err)

	return text.String(), next
}

func TestCopyRangeHasTheFormOfCopy(t *testing.T) {
	t.Parallel()

	records := texts(10, 3)

	for _, limit := range []int64{1, 3, 5, 9, 10, 11, math.MaxInt64} {
		for _, withSchema := range []bool{true, false} {
			t.Run(fmt.Sprint(limit, withSchema), func(t *testing.T) {
				t.Parallel()

				bothWays(t, numbered, records, func(t *testing.T, store *result.Store, reference job.Result) {
					t.Helper()

					for part := (&result.Range{Limit: limit}); part != nil; {
						end := min(part.First+min(limit, 10), 10)
						want := answer(t, store, *write(t, store, "want.json", numbered, records[part.First:end]...), withSchema)

						got, next := copyRange(t, store, reference, *part, withSchema)
						require.Equal(t, want, got)

						if end == 10 {
							require.Nil(t, next)
						} else {
							require.Equal(t, end, next.First)
							require.Equal(t, limit, next.Limit)
						}

						part = next
					}
				})
			})
		}
	}
}

func TestCopyRangeBehindTheLastRecordIsEmpty(t *testing.T) {
	t.Parallel()

	for _, records := range [][]source.Record{nil, texts(3, 1)} {
		bothWays(t, numbered, records, func(t *testing.T, store *result.Store, reference job.Result) {
			t.Helper()

			for _, first := range []int64{int64(len(records)), 4, math.MaxInt64} {
				got, next := copyRange(t, store, reference, result.Range{First: first, Limit: 1}, false)
				require.JSONEq(t, `{"records":[]}`, got)
				require.Nil(t, next)
			}
		})
	}
}

func TestCopyRangeRejectsInvalidRanges(t *testing.T) {
	t.Parallel()

	bothWays(t, numbered, texts(3, 1), func(t *testing.T, store *result.Store, reference job.Result) {
		t.Helper()

		for _, part := range []result.Range{
			{First: -1, Limit: 1}, {Limit: 0}, {Limit: -1},
		} {
			var text bytes.Buffer

			_, err := store.CopyRange(t.Context(), &text, reference, part, true)
			require.ErrorIs(t, err, result.ErrNoRange)
			require.Empty(t, text.Bytes())
		}
	})
}

// copiers are all the ways to read a result.
var copiers = map[string]func(context.Context, *result.Store, *bytes.Buffer, job.Result) error{
	"lines": func(ctx context.Context, store *result.Store, to *bytes.Buffer, reference job.Result) error {
		return store.CopyLines(ctx, to, reference)
	},
	"CSV": func(ctx context.Context, store *result.Store, to *bytes.Buffer, reference job.Result) error {
		return store.CopyCSV(ctx, to, reference)
	},
	"range": func(ctx context.Context, store *result.Store, to *bytes.Buffer, reference job.Result) error {
		_, err := store.CopyRange(ctx, to, reference, result.Range{Limit: math.MaxInt64}, true)

		return err
	},
	"whole": func(ctx context.Context, store *result.Store, to *bytes.Buffer, reference job.Result) error {
		return store.Copy(ctx, to, reference, true)
	},
}

func TestCopyInAnyFormReportsMissingResultAndWritesNothing(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())

	for name, copyResult := range copiers {
		var text bytes.Buffer

		require.ErrorIs(t, copyResult(t.Context(), store, &text, job.Result{Key: "7/run/1-1.json"}), result.ErrNotFound, name)
		require.Empty(t, text.Bytes(), name)
	}
}

func TestCopyInAnyFormEndsWithItsContext(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())
	reference := write(t, store, "1.json", numbered, texts(3, 1)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	for name, copyResult := range copiers {
		require.ErrorIs(t, copyResult(ctx, store, &bytes.Buffer{}, *reference), context.Canceled, name)
	}
}

func TestCopyReportsDamagedResults(t *testing.T) {
	t.Parallel()

	for name, damage := range map[string]func(text string) string{
		"its end is missing":         func(text string) string { return text[:len(text)-1] },
		"half of it is missing":      func(text string) string { return text[:len(text)/2] },
		"a record is missing":        func(text string) string { return strings.Replace(text, `{"n":1,"text":"x"},`+"\n", "", 1) },
		"a record was added":         func(text string) string { return strings.Replace(text, "\n", "\n{},\n", 1) },
		"its head is missing":        func(text string) string { return text[10:] },
		"it is empty":                func(string) string { return "" },
		"the last record is missing": func(text string) string { return text[:strings.LastIndex(text, "\n")+1] + "]}" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()
			store := open(t, folder)
			reference := write(t, store, "1.json", numbered, texts(3, 1)...)
			file := filepath.Join(folder, "1.json")

			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, []byte(damage(string(text))), 0o600))

			for form, copyResult := range copiers {
				if form == "whole" && len(damage(string(text))) == len(text) {
					continue // It looks at nothing but the size.
				}

				require.ErrorContains(t, copyResult(t.Context(), store, &bytes.Buffer{}, *reference), "is damaged", form)
			}
		})
	}
}

// broken is a client that disconnects.
type broken struct{}

var errHungUp = errors.New("hung up")

func (broken) Write([]byte) (int, error) { return 0, errHungUp }

func TestCopyEndsWhenTheWriterFails(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())
	reference := write(t, store, "1.json", numbered, texts(100_000, 10)...)

	require.ErrorIs(t, store.Copy(t.Context(), broken{}, *reference, true), errHungUp)
	require.ErrorIs(t, store.Copy(t.Context(), broken{}, *reference, false), errHungUp)
	require.ErrorIs(t, store.CopyLines(t.Context(), broken{}, *reference), errHungUp)
	require.ErrorIs(t, store.CopyCSV(t.Context(), broken{}, *reference), errHungUp)

	_, err := store.CopyRange(t.Context(), broken{}, *reference, result.Range{Limit: 10}, true)
	require.ErrorIs(t, err, errHungUp)
}
