package result_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

const benchRecords = 1_000_000

// benchColumns are the types of a table of ten columns, with a value for each.
var benchColumns = []struct {
	of    string
	value any
}{
	{"integer", int64(1234567)},
	{"text", "Example Trading Company"},
	{"text", "Straße des Beispiels 17"},
	{"decimal(12,2)", source.Number("-98765.40")},
	{"float", 3.14159265},
	{"boolean", true},
	{"date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
	{"timestamp", time.Date(2024, 2, 29, 12, 30, 0, 120000000, time.UTC)},
	{"uuid", uuid.MustParse("018c9a3e-7b1d-7000-8000-0123456789ab")},
	{"text", nil},
}

// writeMany writes a million records, and returns the most heap that was in use meanwhile.
func writeMany(b *testing.B, store *result.Store) (reference job.Result, heap uint64) {
	b.Helper()

	var (
		schema source.Schema
		record source.Record
	)

	for i, one := range benchColumns {
		of, err := source.ParseStandard(one.of)
		require.NoError(b, err)

		schema = append(schema, source.Column{Name: "column_" + string(rune('a'+i)), Standard: of})
		record = append(record, one.value)
	}

	writer, err := store.Create(b.Context(), "7/run/1-1.json", nil, schema)
	require.NoError(b, err)

	for i := range benchRecords {
		record[0] = int64(i)

		if err := writer.Append(record); err != nil {
			b.Fatal(err)
		}

		if i%100_000 == 0 {
			heap = max(heap, heapInUse())
		}
	}

	stored, err := writer.Commit()
	require.NoError(b, err)

	return *stored, heap
}

func heapInUse() uint64 {
	var memory runtime.MemStats

	runtime.ReadMemStats(&memory)

	return memory.HeapAlloc
}

func openBench(b *testing.B) *result.Store {
	b.Helper()

	store, err := result.Open(b.Context(), b.TempDir())
	require.NoError(b, err)

	return store
}

func reportHeap(b *testing.B, heap, before uint64) {
	b.Helper()
	b.ReportMetric(float64(heap-min(heap, before))/(1<<20), "MB-heap")
}

func BenchmarkWriteAMillionRecords(b *testing.B) {
	store := openBench(b)

	runtime.GC()

	before, most := heapInUse(), uint64(0)

	for b.Loop() {
		_, heap := writeMany(b, store)
		most = max(most, heap)
	}

	reportHeap(b, most, before)
	b.ReportMetric(benchRecords*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// measured counts the bytes written to it, and samples the heap.
type measured struct {
	bytes, next int64
	heap        uint64
}

func (m *measured) Write(text []byte) (int, error) {
	if m.bytes += int64(len(text)); m.bytes >= m.next {
		m.heap = max(m.heap, heapInUse())
		m.next = m.bytes + 16<<20
	}

	return len(text), nil
}

func BenchmarkCopyAMillionRecords(b *testing.B) {
	store := openBench(b)
	reference, _ := writeMany(b, store)

	for _, form := range []struct {
		name       string
		copyResult func(w io.Writer) error
	}{
		{"JSON", func(w io.Writer) error { return store.Copy(b.Context(), w, reference, true) }},
		{"NDJSON", func(w io.Writer) error { return store.CopyLines(b.Context(), w, reference) }},
		{"CSV", func(w io.Writer) error { return store.CopyCSV(b.Context(), w, reference) }},
		{"last range", func(w io.Writer) error {
			_, err := store.CopyRange(b.Context(), w, reference, result.Range{First: benchRecords - 100, Limit: math.MaxInt64}, true)

			return err
		}},
	} {
		b.Run(form.name, func(b *testing.B) {
			runtime.GC()

			before, out := heapInUse(), &measured{}

			for b.Loop() {
				require.NoError(b, form.copyResult(out))
			}

			b.SetBytes(out.bytes / int64(b.N))
			reportHeap(b, out.heap, before)
		})

		b.Run(form.name+" over HTTP", func(b *testing.B) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if err := form.copyResult(w); err != nil {
					panic(http.ErrAbortHandler)
				}
			}))
			defer server.Close()

			runtime.GC()

			before, in := heapInUse(), &measured{}

			for b.Loop() {
				answer, err := server.Client().Get(server.URL)
				require.NoError(b, err)

				_, err = io.CopyBuffer(in, struct{ io.Reader }{answer.Body}, make([]byte, 256<<10))
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
			}

			b.SetBytes(in.bytes / int64(b.N))
			reportHeap(b, in.heap, before)
		})
	}
}

func BenchmarkSmallResults(b *testing.B) {
	for name, limit := range map[string]int{"inline": maxInline, "stored": 0} {
		b.Run(name, func(b *testing.B) {
			store := openBench(b)

			for b.Loop() {
				writer, err := store.Create(b.Context(), "7/run/1-1.json", nil, numbered)
				require.NoError(b, err)
				writer.InlineUpTo(limit)

				for n := range int64(10) {
					require.NoError(b, writer.Append(source.Record{n, strings.Repeat("x", 20)}))
				}

				_, err = writer.Commit()
				require.NoError(b, err)
			}
		})
	}
}
