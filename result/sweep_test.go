package result_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/result"
)

const (
	run      = "018c9a3e-7b1d-7000-8000-0123456789ab"
	otherRun = "018c9a3e-7b1d-7000-8000-0123456789ac"
)

// put makes a file of an age.
func put(t *testing.T, folder, key string, age time.Duration) {
	t.Helper()

	name := filepath.Join(folder, filepath.FromSlash(key))
	changed := time.Now().Add(-age)

	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, []byte("{}"), 0o600))
	require.NoError(t, os.Chtimes(name, changed, changed))
}

// keys returns the keys of all files in a folder.
func keys(t *testing.T, folder string) []string {
	t.Helper()

	found := []string{}

	for _, name := range files(t, folder) {
		key, err := filepath.Rel(folder, name)
		require.NoError(t, err)

		found = append(found, filepath.ToSlash(key))
	}

	return found
}

func TestSweepRemovesOldUnusedBlobs(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		key   string
		age   time.Duration
		taken bool
	}{
		{"7/" + run + "/1-1.json", 2 * time.Hour, true},
		{"7/" + run + "/1-1.json", 30 * time.Minute, false},
		{"7/" + run + "/4.steps[17].2-1.ndjson", 2 * time.Hour, true},
		{"7/" + run + "/4.steps[17].2-1.ndjson", 30 * time.Minute, false},
		{"my app/" + run + "/1-1.json", 2 * time.Hour, true},
		{"7/" + otherRun + "/1-1.json", 2 * time.Hour, false}, // It is in use.
		// Of writers that died.
		{"7/" + run + "/1-1.json.abcdef.tmp", 2 * time.Hour, true},
		{"7/" + run + "/1-1.ndjson.abcdef.tmp", 2 * time.Hour, true},
		{"7/" + run + "/1-1.json.abcdef.tmp", 30 * time.Minute, false},
		{"7/" + otherRun + "/1-1.json.abcdef.tmp", 2 * time.Hour, true}, // An incomplete result is not used.
		// Not of a store.
		{"1-1.json", 2 * time.Hour, false},
		{"7/1-1.json", 2 * time.Hour, false},
		{"7/run/1-1.json", 2 * time.Hour, false},
		{"7/" + run + "/deep/1-1.json", 2 * time.Hour, false},
		{"7/deep/" + run + "/1-1.json", 2 * time.Hour, false},
		{"7/" + run + "/notes.txt", 2 * time.Hour, false},
		{"7/" + run + "/notes.txt.tmp", 2 * time.Hour, false},
		{"7/" + run + "/.tmp", 2 * time.Hour, false},
		{"7/" + run + "/json", 2 * time.Hour, false},
	} {
		t.Run(fmt.Sprint(test.key, " ", test.age), func(t *testing.T) {
			t.Parallel()

			folder := t.TempDir()
			store := open(t, folder)
			put(t, folder, test.key, test.age)

			removed, err := store.Sweep(t.Context(), time.Hour, func(key string) bool {
				require.Equal(t, test.key, key)

				return strings.Contains(key, otherRun)
			})
			require.NoError(t, err)

			if test.taken {
				require.Equal(t, 1, removed)
				require.Empty(t, keys(t, folder))

				// Its folders are removed, too.
				left, err := os.ReadDir(folder)
				require.NoError(t, err)
				require.Empty(t, left)
			} else {
				require.Zero(t, removed)
				require.Equal(t, []string{test.key}, keys(t, folder))
			}
		})
	}
}

func TestSweepWithoutIsUsedRemovesAllOldBlobs(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	put(t, folder, "7/"+run+"/1-1.json", 2*time.Hour)
	put(t, folder, "7/"+run+"/2-1.json", time.Minute)

	removed, err := store.Sweep(t.Context(), time.Hour, nil)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, []string{"7/" + run + "/2-1.json"}, keys(t, folder))
}

func TestSweepRequiresAnAge(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	put(t, folder, "7/"+run+"/1-1.json", time.Hour)

	for _, age := range []time.Duration{0, -time.Hour} {
		_, err := store.Sweep(t.Context(), age, nil)
		require.ErrorContains(t, err, "requires a positive age")
	}

	require.Len(t, keys(t, folder), 1)
}

func TestConcurrentSweepsRemoveEachBlobOnce(t *testing.T) {
	t.Parallel()

	const (
		apps    = 3
		results = 1_200 // In one folder; more than a sweep lists at a time.
	)

	folder := t.TempDir()
	store := open(t, folder)

	for app := range apps {
		for n := range results {
			put(t, folder, fmt.Sprintf("%d/%s/%d-1.json", app, run, n), 2*time.Hour)
		}

		put(t, folder, fmt.Sprintf("%d/%s/young-1.json", app, run), time.Minute)
	}

	var (
		total   atomic.Int64
		workers sync.WaitGroup
	)

	for range 4 {
		workers.Go(func() {
			removed, err := store.Sweep(t.Context(), time.Hour, nil)
			assertNoError(t, err)
			total.Add(int64(removed))
		})
	}

	workers.Wait()
	require.EqualValues(t, apps*results, total.Load())
	require.Len(t, keys(t, folder), apps)
}

// assertNoError reports an error in a goroutine other than the test's.
func assertNoError(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Error(err)
	}
}

func TestSweepDoesNotEndReaders(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	key := "7/" + run + "/1-1.json"
	reference := write(t, store, key, numbered, texts(100_000, 10)...)
	want := lines(t, store, *reference)
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(folder, key), old, old))

	reading, answer := io.Pipe()
	copied := make(chan error, 1)

	go func() {
		err := store.CopyLines(t.Context(), answer, *reference)
		copied <- errorOf(err, answer.Close())
	}()

	begin := make([]byte, 10)
	_, err := io.ReadFull(reading, begin)
	require.NoError(t, err)

	removed, err := store.Sweep(t.Context(), time.Hour, nil)
	require.NoError(t, err)
	require.Equal(t, 1, removed)

	rest, err := io.ReadAll(reading)
	require.NoError(t, err)
	require.NoError(t, <-copied)
	require.Equal(t, want, string(begin)+string(rest))
}

func errorOf(errs ...error) error {
	at := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if at < 0 {
		return nil
	}

	return errs[at]
}

// A sweep removes the folders that it empties, under the hands of writers that are about to put something there.
func TestSweepDoesNotDisturbWriters(t *testing.T) {
	t.Parallel()

	store := open(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())

	var sweeps, writers sync.WaitGroup

	for range 2 {
		sweeps.Go(func() {
			for ctx.Err() == nil {
				if _, err := store.Sweep(ctx, time.Hour, nil); ctx.Err() == nil {
					assertNoError(t, err)
				}
			}
		})
	}

	for w := range 4 {
		writers.Go(func() {
			for range 50 {
				key := fmt.Sprintf("%d/%s/1-1.json", w, run)

				writer, err := store.Create(t.Context(), key, nil, oneText)
				assertNoError(t, err)

				_, err = writer.Commit()
				assertNoError(t, err)
				assertNoError(t, store.RemoveBlob(t.Context(), key))
			}
		})
	}

	writers.Wait()
	stop()
	sweeps.Wait()
}

func TestSweepEndsWithItsContext(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	ctx, cancel := context.WithCancel(t.Context())

	for n := range 3 {
		put(t, folder, fmt.Sprintf("7/%s/%d-1.json", run, n), 2*time.Hour)
	}

	removed, err := store.Sweep(ctx, time.Hour, func(string) bool {
		cancel()

		return false
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, removed)
	require.Len(t, keys(t, folder), 2)
}

func TestCopyReportsSweptResultAsMissing(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	key := "7/" + run + "/1-1.json"
	reference := write(t, store, key, oneText)
	old := time.Now().Add(-2 * time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(folder, key), old, old))

	_, err := store.Sweep(t.Context(), time.Hour, nil)
	require.NoError(t, err)

	has, err := store.Has(t.Context(), *reference)
	require.NoError(t, err)
	require.False(t, has)
	require.ErrorIs(t, store.Copy(t.Context(), io.Discard, *reference, true), result.ErrNotFound)
}

func TestRemoveJobRemovesAllOfOneJob(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)

	taken := []string{
		"7/load 1/" + run + "-1-1.json", "7/load 1/" + otherRun + "-4.steps[17].2-1.ndjson",
		"7/load 1/" + run + "-2-1.json.abcdef.tmp",
	}
	left := []string{"7/load 1/notes.txt", "7/load 10/" + run + "-1-1.json", "7/load/" + run + "-1-1.json", "8/load 1/" + run + "-1-1.json"}

	for _, key := range append(taken, left...) {
		put(t, folder, strings.ReplaceAll(key, " ", "%20"), 0)
	}

	for _, removed := range []int{len(taken), 0} {
		got, err := store.RemoveJob(t.Context(), "7", "load 1")
		require.NoError(t, err)
		require.Equal(t, removed, got)
	}

	require.Len(t, keys(t, folder), len(left))

	got, err := store.RemoveJob(t.Context(), "7", "load 10")
	require.NoError(t, err)
	require.Equal(t, 1, got)
	require.NoDirExists(t, filepath.Join(folder, "7", "load%2010"))

	require.NoError(t, os.RemoveAll(folder))

	_, err = store.RemoveJob(t.Context(), "8", "load 1")
	require.ErrorContains(t, err, "does not exist", "its file system may not be mounted")
}
