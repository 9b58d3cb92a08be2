package chaos_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// files holds that what processes which were killed have left in the result store is what a sweep takes, and that nothing but
// whole results, and the workers' own database, is there after it. Everything has ended by now.
func (c *check) files(t *testing.T) {
	t.Helper()

	store, err := result.Open(t.Context(), filepath.Join(c.system.dir, "results"))
	require.NoError(t, err)

	known := map[string]bool{}
	for _, job := range c.callers.jobs {
		known[job.jobID] = true
	}

	swept, err := store.Sweep(t.Context(), time.Nanosecond, func(key string) bool {
		jobID, readable := job.JobOfResult(key)

		return readable && known[jobID]
	})
	require.NoError(t, err)
	require.NoError(t, store.Close())

	c.counts["files that a sweep took"] = swept

	each(t, filepath.Join(c.system.dir, "results"), func(name string, text []byte) {
		if name == "namespace" {
			return
		}

		c.counts["results"]++

		if !isWhole(text) {
			c.failf("%s in the result store is no whole result: it has %d bytes", name, len(text))
		}
	})

	own := []string{"stage.db", "stage.db-shm", "stage.db-wal"}

	each(t, filepath.Join(c.system.dir, "data"), func(name string, _ []byte) {
		if filepath.Dir(name) != filepath.Join("apps", appID) || !slices.Contains(own, filepath.Base(name)) {
			c.failf("%s was left in the workers' data", name)
		}
	})
}

// isWhole reports whether a text is that of a result, with its index where it has many records.
func isWhole(text []byte) bool {
	var whole struct {
		Records []json.RawMessage `json:"records"`
	}

	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&whole); err != nil {
		return false
	}

	for range max(0, len(whole.Records)-1) / 1_000 {
		var at int
		if err := decoder.Decode(&at); err != nil || at >= len(text) || text[at] != '{' {
			return false
		}
	}

	return !decoder.More()
}

// each reads every file in a folder.
func each(t *testing.T, folder string, read func(name string, text []byte)) {
	t.Helper()

	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}

		text, err := os.ReadFile(path)
		require.NoError(t, err)

		name, err := filepath.Rel(folder, path)
		require.NoError(t, err)
		read(name, text)

		return nil
	}))
}
