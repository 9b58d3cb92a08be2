package cloud_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	_ "github.com/jobwright/jobwright/result/cloud"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/source"
)

const key = "7/018c9a3e-7b1d-7000-8000-0123456789ab/1-1.json"

var schema = source.Schema{{Name: "n", Standard: source.Standard{Type: source.Integer}}}

// service is a server that speaks the protocol of S3.
type service struct {
	address string
	storage *s3mem.Backend
	clock   gofakes3.TimeSourceAdvancer
	refused atomic.Pointer[string] // The beginning of the paths that it refuses to delete from.
	sent    atomic.Int64           // How many bytes of blobs it has sent.
}

// counted counts the bytes of responses.
type counted struct {
	http.ResponseWriter

	sent *atomic.Int64
}

func (c counted) Write(text []byte) (int, error) {
	n, err := c.ResponseWriter.Write(text)
	c.sent.Add(int64(n))

	return n, err
}

func start(t *testing.T) *service {
	t.Helper()

	s := &service{clock: gofakes3.FixedTimeSource(time.Now().Add(-24 * time.Hour))}
	s.storage = s3mem.New(s3mem.WithTimeSource(s.clock))
	require.NoError(t, s.storage.CreateBucket("results"))

	handler := gofakes3.New(s.storage, gofakes3.WithTimeSkewLimit(0)).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := s.refused.Load(); refused != nil && r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, *refused) {
			w.WriteHeader(http.StatusForbidden)

			return
		}

		handler.ServeHTTP(counted{w, &s.sent}, r)
	}))
	t.Cleanup(server.Close)

	s.address = server.URL

	return s
}

// open opens a store in the bucket.
func (s *service) open(t *testing.T, more string) *result.Store {
	t.Helper()

	// This server sends the checksum of the whole with each part, which Amazon's does not.
	location := "s3://results?region=eu-central-1&anonymous=true&use_path_style=true&response_checksum_validation=when_required"

	store, err := result.Open(t.Context(), location+"&endpoint="+url.QueryEscape(s.address)+more)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })

	return store
}

// keys returns the keys in the bucket.
func (s *service) keys(t *testing.T) []string {
	t.Helper()

	list, err := s.storage.ListBucket("results", nil, gofakes3.ListBucketPage{})
	require.NoError(t, err)

	keys := []string{}
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}

	return keys
}

// write writes a result of that many records.
func write(t *testing.T, store *result.Store, key string, records int64) *job.Result {
	t.Helper()

	writer, err := store.Create(t.Context(), key, nil, schema)
	require.NoError(t, err)

	for n := range records {
		require.NoError(t, writer.Append(source.Record{n}))
	}

	stored, err := writer.Commit()
	require.NoError(t, err)

	return stored
}

func TestBucketStoresResults(t *testing.T) {
	t.Parallel()

	const records = 1_000_000 // An upload of that size has several parts.

	s := start(t)
	store := s.open(t, "")
	stored := write(t, store, key, records)
	require.Equal(t, []string{key}, s.keys(t))

	has, err := store.Has(t.Context(), *stored)
	require.NoError(t, err)
	require.True(t, has)

	var whole, part, lines bytes.Buffer

	require.NoError(t, store.Copy(t.Context(), &whole, *stored, false))
	require.True(t, strings.HasPrefix(whole.String(), `{"records":[{"n":0},`))
	require.True(t, strings.HasSuffix(whole.String(), `{"n":999999}]}`))

	require.NoError(t, store.CopyLines(t.Context(), &lines, *stored))
	require.Equal(t, records, bytes.Count(lines.Bytes(), []byte("\n")))

	next, err := store.CopyRange(t.Context(), &part, *stored, result.Range{First: 999_000, Limit: 2}, false)
	require.NoError(t, err)
	require.JSONEq(t, `{"records":[{"n":999000},{"n":999001}]}`, part.String())

	part.Reset()

	_, err = store.CopyRange(t.Context(), &part, *stored, *next, false)
	require.NoError(t, err)
	require.JSONEq(t, `{"records":[{"n":999002},{"n":999003}]}`, part.String())

	require.NoError(t, store.RemoveBlob(t.Context(), key))
	require.NoError(t, store.RemoveBlob(t.Context(), key))
	requireAbsent(t, store, *stored)
}

// buffered is what a server may have sent before it notices that the client has read enough.
const buffered = 128 << 10

// How much is read for a page depends on the page, and not on how many records come before it or after it.
func TestCopyRangeReadsLittleOfALargeResult(t *testing.T) {
	t.Parallel()

	const records = 1_000_000

	s := start(t)
	store := s.open(t, "")
	stored := write(t, store, key, records)

	for _, first := range []int64{1_000, 500_123, 998_000, 999_000, 999_999, records, records + 1_000} {
		s.sent.Store(0)

		var page bytes.Buffer

		_, err := store.CopyRange(t.Context(), &page, *stored, result.Range{First: first, Limit: 1_000}, false)
		require.NoError(t, err)

		count := max(min(1_000, records-first), 0)
		require.EqualValues(t, count, bytes.Count(page.Bytes(), []byte(`{"n":`)))
		require.Equal(t, count > 0, bytes.HasPrefix(page.Bytes(), fmt.Appendf(nil, `{"records":[{"n":%d}`, first)))
		require.Less(t, s.sent.Load(), int64(2_000*len(`{"n":999999},.`)+buffered), first)
	}
}

// requireAbsent requires that the store does not have a result.
func requireAbsent(t *testing.T, store *result.Store, reference job.Result) {
	t.Helper()

	has, err := store.Has(t.Context(), reference)
	require.NoError(t, err)
	require.False(t, has)
	require.ErrorIs(t, store.Copy(t.Context(), &bytes.Buffer{}, reference, false), result.ErrNotFound)
}

func TestBucketStoresSpooledRecords(t *testing.T) {
	t.Parallel()

	store := start(t).open(t, "")

	writer, err := spool.Create(t.Context(), store, "7/run/1-1.ndjson", schema)
	require.NoError(t, err)

	for n := range int64(1_200) {
		require.NoError(t, writer.Append(source.Record{n}))
	}

	page, err := writer.Commit()
	require.NoError(t, err)

	for first := int64(0); ; first += 500 {
		require.Equal(t, first, page.Records[0]["n"])

		if page.Next == 0 {
			break
		}

		page, err = spool.ReadPage(t.Context(), store, page.Key, page.Next)
		require.NoError(t, err)
	}

	require.Len(t, page.Records, 200)

	_, err = spool.ReadPage(t.Context(), store, "7/run/2-1.ndjson", 0)
	require.ErrorIs(t, err, result.ErrNotFound)
}

func TestUncommittedResultIsNotInTheBucket(t *testing.T) {
	t.Parallel()

	for name, end := range map[string]func(t *testing.T, writer *result.Writer, cancel context.CancelFunc){
		"aborted": func(t *testing.T, writer *result.Writer, _ context.CancelFunc) {
			t.Helper()
			require.NoError(t, writer.Abort())
		},
		"its context ended": func(t *testing.T, writer *result.Writer, cancel context.CancelFunc) {
			t.Helper()
			cancel()

			_, err := writer.Commit()
			require.ErrorIs(t, err, context.Canceled)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()

			writer, err := s.open(t, "").Create(ctx, key, nil, schema)
			require.NoError(t, err)

			for n := range int64(1_000_000) {
				require.NoError(t, writer.Append(source.Record{n}))
			}

			end(t, writer, cancel)
			require.Empty(t, s.keys(t))
		})
	}
}

func TestSweepOfABucketRemovesOldBlobs(t *testing.T) {
	t.Parallel()

	const old = 1_200 // More than a sweep lists at a time.

	s := start(t)
	store := s.open(t, "")

	for n := range old {
		write(t, store, fmt.Sprintf("7/018c9a3e-7b1d-7000-8000-0123456789ab/%d-1.json", n), 1)
	}

	write(t, store, "7/018c9a3e-7b1d-7000-8000-0123456789ac/used-1.json", 1)
	write(t, store, "7/notes/1-1.json", 1) // Not of a store.

	s.clock.Advance(23 * time.Hour)

	write(t, store, "7/018c9a3e-7b1d-7000-8000-0123456789ab/young-1.json", 1)

	removed, err := store.Sweep(t.Context(), 2*time.Hour, func(key string) bool { return strings.Contains(key, "used") })
	require.NoError(t, err)
	require.Equal(t, old, removed)
	require.Equal(t, []string{
		"7/018c9a3e-7b1d-7000-8000-0123456789ab/young-1.json", "7/018c9a3e-7b1d-7000-8000-0123456789ac/used-1.json",
		"7/notes/1-1.json",
	}, s.keys(t))
}

func TestSweepContinuesAfterAFailedRemoval(t *testing.T) {
	t.Parallel()

	s := start(t)
	store := s.open(t, "")

	for _, app := range []string{"1", "2", "3"} {
		write(t, store, app+key[1:], 1)
	}

	refused := "/results/2/"
	s.refused.Store(&refused)

	removed, err := store.Sweep(t.Context(), time.Hour, nil)
	require.ErrorContains(t, err, "Forbidden")
	require.Equal(t, 2, removed)
	require.Equal(t, []string{"2" + key[1:]}, s.keys(t))
}

func TestStoreUsesOnlyItsPrefixOfABucket(t *testing.T) {
	t.Parallel()

	s := start(t)
	write(t, s.open(t, ""), key, 1)

	part := s.open(t, "&prefix=part/")
	stored := write(t, part, key, 2)
	require.Equal(t, []string{key, "part/" + key}, s.keys(t))

	removed, err := part.Sweep(t.Context(), time.Hour, nil)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, []string{key}, s.keys(t))
	requireAbsent(t, part, *stored)
}

func TestUnreachableBucketIsNotAMissingResult(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()

	store := (&service{address: server.URL}).open(t, "")
	reference := job.Result{Key: key}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	_, err := store.Has(ctx, reference)
	require.Error(t, err)
	require.NotErrorIs(t, err, result.ErrNotFound)

	err = store.Copy(ctx, &bytes.Buffer{}, reference, true)
	require.Error(t, err)
	require.NotErrorIs(t, err, result.ErrNotFound)
}
