package result_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
)

var oneText = source.Schema{column("a", source.Text)}

// requireNoPath requires an error that contains neither the folder nor its parents.
func requireNoPath(t *testing.T, err error, folder string) {
	t.Helper()
	require.Error(t, err)

	for path := folder; path != string(filepath.Separator); path = filepath.Dir(path) {
		require.NotContains(t, err.Error(), path)
	}
}

func TestFolderCreatesNoFileThatOthersCanRead(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "results")

	writer, err := open(t, folder).Create(t.Context(), "7/run/1-1.json", nil, oneText)
	require.NoError(t, err)

	_, err = writer.Commit()
	require.NoError(t, err)

	seen := 0

	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)

		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o027, "%s has %s", path, info.Mode())

		seen++

		return nil
	}))
	require.GreaterOrEqual(t, seen, 4)
}

func TestFolderErrorsContainNoPath(t *testing.T) {
	t.Parallel()

	reference := job.Result{Key: "7/run/1-1.json"}

	for _, test := range []struct {
		name, message string
		prepare       func(folder string) error
		attempt       func(store *result.Store) error
	}{
		{"writing where a file is in the way", "not a directory", blocked, func(store *result.Store) error {
			writer, err := store.Create(t.Context(), reference.Key, nil, oneText)
			require.NoError(t, err)

			_, err = writer.Commit()

			return err
		}},
		{"writing a name that is too long", "name too long", nothing, func(store *result.Store) error {
			writer, err := store.Create(t.Context(), strings.Repeat("x", 1000), nil, oneText)
			require.NoError(t, err)

			_, err = writer.Commit()

			return err
		}},
		{"writing to a removed folder", "folder of the result store does not exist", os.RemoveAll, func(store *result.Store) error {
			writer, err := store.Create(t.Context(), reference.Key, nil, oneText)
			require.NoError(t, err)

			_, err = writer.Commit()

			return err
		}},
		{"reading where a file is in the way", "not a directory", blocked, func(store *result.Store) error {
			return store.Copy(t.Context(), &bytes.Buffer{}, reference, true)
		}},
		{"reading a folder", "is a directory", nothing, func(store *result.Store) error {
			_, _, err := store.ReadBlob(t.Context(), ".", 0, -1)

			return err
		}},
		{"reading from a removed folder", "folder of the result store does not exist", os.RemoveAll, func(store *result.Store) error {
			return store.Copy(t.Context(), &bytes.Buffer{}, reference, true)
		}},
		{"querying a removed folder", "folder of the result store does not exist", os.RemoveAll, func(store *result.Store) error {
			_, err := store.Has(t.Context(), reference)

			return err
		}},
		{"querying where a file is in the way", "not a directory", blocked, func(store *result.Store) error {
			_, err := store.Has(t.Context(), reference)

			return err
		}},
		{"dropping where a file is in the way", "not a directory", blocked, func(store *result.Store) error {
			return store.RemoveBlob(t.Context(), reference.Key)
		}},
		{"sweeping a removed folder", "folder of the result store does not exist", os.RemoveAll, func(store *result.Store) error {
			_, err := store.Sweep(t.Context(), 1, nil)

			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			folder := filepath.Join(t.TempDir(), "results")
			store := open(t, folder)
			require.NoError(t, test.prepare(folder))

			err := test.attempt(store)
			requireNoPath(t, err, folder)
			require.ErrorContains(t, err, test.message)
			require.NotErrorIs(t, err, result.ErrNotFound)
		})
	}
}

// blocked puts a file where the folder of an app would be.
func blocked(folder string) error { return os.WriteFile(filepath.Join(folder, "7"), nil, 0o600) }

func nothing(string) error { return nil }

func TestFolderWorksAfterItsFileSystemReturns(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "results")
	away := folder + ".away"
	store := open(t, folder)
	stored := write(t, store, "7/run/1-1.json", oneText)

	require.NoError(t, os.Rename(folder, away))

	_, err := store.Has(t.Context(), *stored)
	require.ErrorContains(t, err, "folder of the result store does not exist")
	require.NoFileExists(t, folder)

	require.NoError(t, os.Rename(away, folder))

	has, err := store.Has(t.Context(), *stored)
	require.NoError(t, err)
	require.True(t, has)

	write(t, store, "7/run/2-1.json", oneText)
}

func TestFolderRejectsKeysOutsideTheRoot(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "results")
	store := open(t, folder)

	for _, key := range []string{"../1.json", "/1.json", "7//1.json", "7/../../1.json", "7/./1.json", "", ".", "7/"} {
		writer, err := store.Create(t.Context(), key, nil, oneText)
		require.NoError(t, err)

		_, err = writer.Commit()
		require.ErrorIs(t, err, result.ErrInvalid, key)
	}

	require.Empty(t, files(t, filepath.Dir(folder)))
}

func TestCommitFailsIfTheTemporaryFileWasRemoved(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)

	writer, err := store.Create(t.Context(), "7/run/1-1.json", nil, oneText)
	require.NoError(t, err)
	appendMuch(t, writer)

	for _, name := range files(t, folder) {
		require.NoError(t, os.Remove(name))
	}

	_, err = writer.Commit()
	requireNoPath(t, err, folder)
	require.NotErrorIs(t, err, result.ErrNotFound)
	require.Empty(t, files(t, folder))
}

func TestCommitRemovesTheTemporaryFileIfRenamingFails(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()

	writer, err := open(t, folder).Create(t.Context(), "7/run/1-1.json", nil, oneText)
	require.NoError(t, err)
	appendMuch(t, writer)
	require.NoError(t, os.Mkdir(filepath.Join(folder, "7", "run", "1-1.json"), 0o700))

	_, err = writer.Commit()
	requireNoPath(t, err, folder)
	require.Empty(t, files(t, folder))
}

func TestConcurrentWritersOfAKeyLeaveOneCompleteResult(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	store := open(t, folder)
	references := make([]*job.Result, 8)

	var writers sync.WaitGroup

	for i := range references {
		writers.Go(func() {
			records := make([]source.Record, 10_000)
			for n := range records {
				records[n] = source.Record{fmt.Sprint(i)}
			}

			references[i] = write(t, store, "7/run/1-1.json", oneText, records...)
		})
	}

	writers.Wait()
	require.Len(t, files(t, folder), 1)

	all := strings.Split(strings.TrimSpace(lines(t, store, *references[0])), "\n")
	require.Len(t, all, 10_000)

	for _, line := range all {
		require.Equal(t, all[0], line)
	}
}
