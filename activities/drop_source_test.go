package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// What a pattern matches when its files are dropped may be more than what it matched when they were read.
func TestOfAPatternTheFilesAreDroppedThatWereRead(t *testing.T) {
	t.Parallel()

	for name, contents := range map[string][]string{
		"files":       {"[{\"id\":1}]", "[{\"id\":2}]", "[{\"id\":3}]"},
		"empty files": {"[]", "[]", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			for i, file := range []string{"in/1.json", "in/[2].json", "in/3.json"} {
				b.write(t, "files/"+file, contents[i])
			}

			b.load(t)

			outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
				Source: "files", Space: "in", Table: "*.json", DropSource: true, TargetSource: "stage", TargetTable: "companies",
			})
			require.NoError(t, err)
			require.Equal(t, []string{"in/1.json", "in/3.json", `in/\[2].json`}, outcome.Read)

			b.write(t, "files/in/4.json", "[{\"id\":4}]")

			_, err = runAs[struct{}](t, b, b.DropTable,
				job.SourceTable{Source: "files", Space: "in", Table: "*.json", Parts: outcome.Read})
			require.NoError(t, err)

			left, err := filepath.Glob(filepath.Join(b.apps, "7", "files", "in", "*"))
			require.NoError(t, err)
			require.Equal(t, []string{filepath.Join(b.apps, "7", "files", "in", "4.json")}, left)
			require.FileExists(t, filepath.Join(b.apps, "7", "files", "companies.csv"))
		})
	}
}

func TestAPatternOfTooManyFilesToBeDroppedIsRefused(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	folder := filepath.Join(b.apps, "7", "files", "in")
	require.NoError(t, os.Mkdir(folder, 0o750))

	for i := range 1_001 {
		require.NoError(t, os.WriteFile(filepath.Join(folder, string(rune('一'+i))+".csv"), []byte("id\n1\n"), 0o600))
	}

	_, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
		Source: "files", Table: "in/*.csv", DropSource: true, TargetSource: "stage", TargetTable: "all",
	})
	requireFailure(t, err, "source_operation_unsupported", false, "at most 1000 files at a time, and the pattern matches 1001")
}
