package result_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/result/spool"
	"github.com/jobwright/jobwright/source"
)

// fullFolder is the variable of the environment by which the test below, run again as a process of its own, learns which
// folder to fill.
const fullFolder = "JOBWRIGHT_TEST_FULL_FOLDER"

// A store is full if its file system has no space, or if the limit of a file's size is reached. Both limits need a process of
// their own.
func TestFullFolderReportsErrFullAndLeavesNoFile(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		bound      func(t *testing.T, folder string)
		attributes *syscall.SysProcAttr
	}{
		"the disk": {mountSmall, &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}},
		"the largest file": {limitFiles, &syscall.SysProcAttr{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if folder := os.Getenv(fullFolder); folder != "" {
				test.bound(t, folder)
				requireFull(t, folder)

				return
			}

			process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
			process.Env = append(os.Environ(), fullFolder+"="+t.TempDir())
			process.SysProcAttr = test.attributes

			output, err := process.CombinedOutput()
			if errors.Is(err, syscall.EPERM) || strings.Contains(string(output), notAllowed) {
				t.Skip("this machine does not permit mounts in a user namespace")
			}

			require.NoError(t, err, string(output))
			require.Contains(t, string(output), "PASS")
		})
	}
}

const notAllowed = "this process may not mount"

// mountSmall makes the folder a small file system.
func mountSmall(t *testing.T, folder string) {
	t.Helper()

	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(notAllowed, err)
	}
}

// limitFiles bounds how large a file of this process may become.
func limitFiles(t *testing.T, _ string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}))
}

// requireFull requires that a store with less than a megabyte of space reports that it is full, and works again after the
// files are removed.
func requireFull(t *testing.T, folder string) {
	t.Helper()

	store := open(t, folder)
	megabyte := source.Record{strings.Repeat("x", 1<<20)}
	requireIsFull := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, result.ErrFull)
		require.ErrorContains(t, err, "the result store is full")
		requireNoPath(t, err, folder)
	}

	write(t, store, "7/run/0-1.json", oneText, source.Record{"x"})

	writer, err := store.Create(t.Context(), "7/run/1-1.json", nil, oneText)
	require.NoError(t, err)

	requireIsFull(writer.Append(megabyte))
	require.NoError(t, writer.Abort())

	writer, err = store.Create(t.Context(), "7/run/1-1.json", nil, oneText)
	require.NoError(t, err)

	for range 6 {
		require.NoError(t, writer.Append(source.Record{strings.Repeat("x", 130<<10)}))
	}

	require.NoError(t, writer.Append(source.Record{strings.Repeat("x", 250<<10)})) // It is written by the commit.

	_, err = writer.Commit()
	requireIsFull(err)

	spooled, err := spool.Create(t.Context(), store, "7/run/1-1.ndjson", oneText)
	require.NoError(t, err)

	for err == nil {
		err = spooled.Append(source.Record{strings.Repeat("x", 100<<10)})
	}

	requireIsFull(err)
	require.NoError(t, spooled.Abort())

	require.Equal(t, []string{filepath.Join(folder, "7", "run", "0-1.json")}, files(t, folder))
	write(t, store, "7/run/2-1.json", oneText, source.Record{strings.Repeat("x", 700<<10)})
}
