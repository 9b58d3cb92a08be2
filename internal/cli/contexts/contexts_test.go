package contexts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli/contexts"
)

// newFile returns a file of contexts in a folder that does not exist yet.
func newFile(t *testing.T) contexts.File {
	t.Helper()

	return contexts.File{Path: filepath.Join(t.TempDir(), "jobwright", "config.yaml")}
}

// set returns a change that adds a context.
func set(name string, of contexts.Context) func(*contexts.List) error {
	return func(list *contexts.List) error {
		list.Contexts[name] = of

		return nil
	}
}

func TestFileReadAfterChange(t *testing.T) {
	t.Parallel()

	file := newFile(t)

	empty, err := file.Read()
	require.NoError(t, err)
	require.Equal(t, &contexts.List{Contexts: map[string]contexts.Context{}}, empty)

	production := contexts.Context{URL: "https://jobs.example.org", App: "7", KeyEnv: "PRODUCTION_KEY"}
	require.NoError(t, file.Change(set("production", production)))
	require.NoError(t, file.Change(set("dev", contexts.Context{URL: "http://127.0.0.1:8080", Key: "stored", By: "jobwright-dev"})))
	require.NoError(t, file.Change(func(list *contexts.List) error {
		list.Current = "production"

		return nil
	}))

	list, err := file.Read()
	require.NoError(t, err)
	require.Equal(t, "production", list.Current)
	require.Equal(t, []string{"dev", "production"}, list.Names())
	require.Equal(t, production, list.Contexts["production"])
	require.Equal(t, "stored", list.Contexts["dev"].Key)

	text, err := json.Marshal(list)
	require.NoError(t, err)
	require.NotContains(t, string(text), "stored", "a key is never printed")
}

func TestFileChangeLeavesTheFileIfTheChangeFails(t *testing.T) {
	t.Parallel()

	file := newFile(t)
	require.NoError(t, file.Change(set("a", contexts.Context{URL: "http://a.example"})))

	failure := errors.New("refused")
	require.ErrorIs(t, file.Change(func(list *contexts.List) error {
		delete(list.Contexts, "a")

		return failure
	}), failure)

	list, err := file.Read()
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, list.Names())
}

func TestFileChangeWritesForTheUserOnly(t *testing.T) {
	t.Parallel()

	file := newFile(t)
	require.NoError(t, file.Change(set("a", contexts.Context{URL: "http://a.example", Key: "secret"})))

	for path, mode := range map[string]os.FileMode{file.Path: 0o600, filepath.Dir(file.Path): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
}

func TestFileChangeLosesNoConcurrentChange(t *testing.T) {
	t.Parallel()

	const writers = 20

	var (
		file  = newFile(t)
		group sync.WaitGroup
		errs  [writers]error
	)

	for i := range writers {
		group.Go(func() {
			errs[i] = file.Change(set(fmt.Sprint("context ", i), contexts.Context{URL: "http://a.example"}))
		})
	}

	group.Wait()
	require.NoError(t, errors.Join(errs[:]...))

	list, err := file.Read()
	require.NoError(t, err)
	require.Len(t, list.Contexts, writers)
}

func TestFileReadRefusesUnknownFields(t *testing.T) {
	t.Parallel()

	file := contexts.File{Path: filepath.Join(t.TempDir(), "config.yaml")}
	require.NoError(t, os.WriteFile(file.Path, []byte("contexts: {a: {url: http://a.example, token: x}}\n"), 0o600))

	_, err := file.Read()
	require.ErrorContains(t, err, file.Path)
	require.ErrorContains(t, err, "token")

	require.Error(t, file.Change(set("b", contexts.Context{})), "a change does not replace a file that can't be read")

	text, err := os.ReadFile(file.Path)
	require.NoError(t, err)
	require.Contains(t, string(text), "token: x")
}

func TestListLookupSuggestsANameThatExists(t *testing.T) {
	t.Parallel()

	list := &contexts.List{Contexts: map[string]contexts.Context{"production": {URL: "https://jobs.example.org"}}}

	found, err := list.Lookup("production")
	require.NoError(t, err)
	require.Equal(t, "https://jobs.example.org", found.URL)

	_, err = list.Lookup("productio")
	require.EqualError(t, err, "there is no context productio; did you mean production?")
}

func TestContextLoadKey(t *testing.T) {
	dir := t.TempDir()

	for name, text := range map[string]string{"key": " of the file\n", "empty": "\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}

	t.Setenv("JOBWRIGHT_TEST_KEY", "of the environment")

	for name, row := range map[string]struct { //nolint:paralleltest // The environment belongs to the whole process.
		of        contexts.Context
		key, fail string
	}{
		"none":                  {contexts.Context{}, "", ""},
		"stored":                {contexts.Context{Key: "stored"}, "stored", ""},
		"environment":           {contexts.Context{KeyEnv: "JOBWRIGHT_TEST_KEY"}, "of the environment", ""},
		"unset variable":        {contexts.Context{KeyEnv: "JOBWRIGHT_TEST_MISSING"}, "", "JOBWRIGHT_TEST_MISSING, which has the key, is not set"},
		"file":                  {contexts.Context{KeyFile: filepath.Join(dir, "key")}, "of the file", ""},
		"empty file":            {contexts.Context{KeyFile: filepath.Join(dir, "empty")}, "", "empty, is empty"},
		"missing file":          {contexts.Context{KeyFile: filepath.Join(dir, "missing")}, "", "the key can't be read: "},
		"command":               {contexts.Context{KeyCommand: "echo of the command"}, "of the command", ""},
		"empty command":         {contexts.Context{KeyCommand: " "}, "", "the command that prints the key is empty"},
		"command that fails":    {contexts.Context{KeyCommand: "false"}, "", "the command that prints the key, false, failed: "},
		"command without a key": {contexts.Context{KeyCommand: "true"}, "", "the command that prints the key, true, printed nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := row.of.LoadKey(t.Context())
			require.Equal(t, row.key, key)

			if row.fail == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.fail)
			}
		})
	}
}

// Not parallel: the environment belongs to the whole process.
func TestOpenReadsThePathFromTheEnvironment(t *testing.T) {
	t.Setenv("HOME", "/home/ada")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv(contexts.EnvPath, "/etc/contexts.yaml")

	file, err := contexts.Open()
	require.NoError(t, err)
	require.Equal(t, "/etc/contexts.yaml", file.Path)

	t.Setenv(contexts.EnvPath, "")

	file, err = contexts.Open()
	require.NoError(t, err)
	require.Equal(t, "jobwright", filepath.Base(filepath.Dir(file.Path)))
	require.Contains(t, file.Path, "/home/ada")

	t.Setenv("HOME", "")

	_, err = contexts.Open()
	require.ErrorContains(t, err, "set JOBWRIGHT_CONFIG to a path")
}
