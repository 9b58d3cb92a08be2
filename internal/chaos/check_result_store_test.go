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

// checkResultStore sweeps the result store, and verifies that only complete results are left in it and that the workers' data
// folder has only the SQLite database. All processes have ended by now.
func (c *checker) checkResultStore(t *testing.T) {
	t.Helper()

	store, err := result.Open(t.Context(), filepath.Join(c.system.dir, "results"))
	require.NoError(t, err)

	jobIDs := map[string]bool{}
	for _, job := range c.callers.jobs {
		jobIDs[job.jobID] = true
	}

	removed, err := store.Sweep(t.Context(), time.Nanosecond, func(key string) bool {
		jobID, valid := job.OfResult(key)

		return valid && jobIDs[jobID]
	})
	require.NoError(t, err)
	require.NoError(t, store.Close())

	c.counts["files removed by the sweep"] = removed

	forEachFile(t, filepath.Join(c.system.dir, "results"), func(name string, text []byte) {
		if name == "namespace" {
			return
		}

		c.counts["results"]++

		if !isCompleteResult(text) {
			c.addProblemf("%s in the result store, %d bytes long, is not a complete result", name, len(text))
		}
	})

	database := []string{"stage.db", "stage.db-shm", "stage.db-wal"}

	forEachFile(t, filepath.Join(c.system.dir, "data"), func(name string, _ []byte) {
		if filepath.Dir(name) != filepath.Join("apps", appID) || !slices.Contains(database, filepath.Base(name)) {
			c.addProblemf("%s is left in the data folder of the workers", name)
		}
	})
}

// isCompleteResult reports whether the text is a result, followed by its index if it has many records.
func isCompleteResult(text []byte) bool {
	var content struct {
		Records []json.RawMessage `json:"records"`
	}

	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&content); err != nil {
		return false
	}

	for range max(0, len(content.Records)-1) / 1_000 {
		var offset int
		if err := decoder.Decode(&offset); err != nil || offset >= len(text) || text[offset] != '{' {
			return false
		}
	}

	return !decoder.More()
}

// forEachFile calls read with each file in a folder and its subfolders. Names are relative to the folder.
func forEachFile(t *testing.T, folder string, read func(name string, text []byte)) {
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
