package app_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/scenario/problem"
)

// loads counts how often a catalog parses an app.yaml, and with which errors.
type loads struct {
	mu   sync.Mutex
	seen []error
}

func (l *loads) add(_ string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.seen = append(l.seen, err)
}

// count returns the number of loads since the last call, and the last error.
func (l *loads) count() (count int, last error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	if count = len(l.seen); count > 0 {
		last = l.seen[count-1]
	}

	l.seen = nil

	return count, last
}

// observed returns a catalog over files, its folder and its loads.
func observed(t *testing.T, files map[string]string) (apps *app.Catalog, dir string, seen *loads) {
	t.Helper()

	dir, seen = t.TempDir(), &loads{}
	filetest.Write(t, dir, files)

	apps, err := app.Open(dir, app.Options{Loaded: seen.add, Secrets: app.Secrets{Dir: secretsDir}})
	require.NoError(t, err)

	return apps, dir, seen
}

func write(t *testing.T, path, text string) {
	t.Helper()

	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestAppParsesAFileOnceForEachChange(t *testing.T) {
	t.Parallel()

	apps, dir, seen := observed(t, map[string]string{"7/app.yaml": "description: old"})
	file := filepath.Join(dir, "7", "app.yaml")

	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			_, err := apps.App("7")
			require.NoError(t, err)
		})
	}

	wait.Wait()

	count, _ := seen.count()
	require.Equal(t, 1, count)

	// The same length and, on a file system with a coarse clock, the same time.
	info, err := os.Stat(file)
	require.NoError(t, err)
	write(t, file, "description: new")
	require.NoError(t, os.Chtimes(file, time.Time{}, info.ModTime()))

	found, err := apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "new", found.Description)

	// A file that replaces the other one, with an old time.
	write(t, file+".next", "description: own")
	require.NoError(t, os.Chtimes(file+".next", time.Time{}, info.ModTime().Add(-time.Hour)))
	require.NoError(t, os.Rename(file+".next", file))

	for range 3 {
		found, err = apps.App("7")
		require.NoError(t, err)
		require.Equal(t, "own", found.Description)
	}

	count, _ = seen.count()
	require.Equal(t, 2, count)
}

func TestAppKeepsTheLastValidRevision(t *testing.T) {
	t.Parallel()

	apps, dir, seen := observed(t, map[string]string{"7/app.yaml": "description: good", "8/app.yaml": "description: good"})
	file := filepath.Join(dir, "7", "app.yaml")

	_, err := apps.App("7")
	require.NoError(t, err)

	_, _ = seen.count()

	for _, broken := range []string{"description: [", "", "descr: x"} {
		write(t, file, broken)

		for range 3 {
			found, err := apps.App("7")
			require.NoError(t, err)
			require.Equal(t, "good", found.Description)
		}

		count, err := seen.count()
		require.Equal(t, 1, count, "each change is reported once")
		require.Error(t, err)
	}

	states, err := apps.Broken()
	require.NoError(t, err)
	require.Equal(t, map[string]app.State{"7": app.Stale}, states)

	_, _ = seen.count()
	write(t, file, "description: better")

	found, err := apps.App("7")
	require.NoError(t, err)
	require.Equal(t, "better", found.Description)

	count, err := seen.count()
	require.Equal(t, 1, count)
	require.NoError(t, err)

	states, err = apps.Broken()
	require.NoError(t, err)
	require.Empty(t, states)

	require.NoError(t, os.Remove(file))

	_, err = apps.App("7")
	require.ErrorIs(t, err, app.ErrNotFound)
}

func TestAppWithoutAValidRevisionIsAnInvalidError(t *testing.T) {
	t.Parallel()

	apps, dir, seen := observed(t, map[string]string{"7/app.yaml": "descr: x"})

	for range 2 {
		_, err := apps.App("7")

		var invalid *app.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "7", invalid.ID)

		var problems problem.List
		require.ErrorAs(t, err, &problems)
	}

	count, _ := seen.count()
	require.Equal(t, 1, count)

	states, err := apps.Broken()
	require.NoError(t, err)
	require.Equal(t, map[string]app.State{"7": app.Invalid}, states)

	write(t, filepath.Join(dir, "7", "app.yaml"), "description: good")

	_, err = apps.App("7")
	require.NoError(t, err)
}

func TestAppIsReadAgainWhenAnAppIsAdded(t *testing.T) {
	t.Parallel()

	apps, dir, _ := observed(t, map[string]string{"a/app.yaml": `access: [{name: x, key: "${env:JOBWRIGHT_APP_A_B_KEY}"}]`})

	_, err := apps.App("a")
	require.NoError(t, err)

	write(t, filepath.Join(dir, "a-b", "app.yaml"), "description: x") // The secret belongs to the new app from now on.

	_, err = apps.App("a")
	require.NoError(t, err)

	states, err := apps.Broken()
	require.NoError(t, err)
	require.Equal(t, map[string]app.State{"a": app.Stale}, states)
}

func TestCheckKeyParsesNoApp(t *testing.T) {
	t.Parallel()

	files := map[string]string{}
	for _, id := range []string{"7", "8", "9"} {
		files[id+"/app.yaml"] = "description: x"
	}

	files["7/app.yaml"] = `access: [{name: nightly, key: "` + keyFile(t, "open sesame") + `"}]`

	apps, _, seen := observed(t, files)

	require.NoError(t, apps.CheckKey("open sesame"))

	count, _ := seen.count()
	require.Equal(t, len(files), count)

	for range 100 {
		require.ErrorIs(t, apps.CheckKey("wrong"), app.ErrUnknownKey)
		require.ErrorIs(t, apps.CheckKey(""), app.ErrUnknownKey)
	}

	count, _ = seen.count()
	require.Zero(t, count)
}

func TestCheckKeyDistinguishesExpiredAndUnknownKeys(t *testing.T) {
	t.Parallel()

	expired, valid := apikey.New(), apikey.New()
	keys := func(key, expires string) string {
		return `access: [{name: nightly, keys: [{sha256: ` + apikey.DigestOf(key).String() + `, expires: ` + expires + `}]}]`
	}

	apps := catalog(t, map[string]string{
		"7/app.yaml": keys(expired, "2020-01-01T00:00:00Z"),
		"8/app.yaml": keys(valid, "2020-01-01T00:00:00Z"),
		"9/app.yaml": keys(valid, "2999-01-01T00:00:00Z"),
	})

	require.NoError(t, apps.CheckKey(valid), "it has expired in one app only")
	require.EqualError(t, apps.CheckKey(expired), "the key expired at 2020-01-01T00:00:00Z")
	require.ErrorIs(t, apps.CheckKey(apikey.New()), app.ErrUnknownKey)
	require.ErrorIs(t, apps.CheckKey(valid+"a"), apikey.ErrMistyped)
}
