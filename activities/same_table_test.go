package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
)

func TestLoadRejectsOverlappingTables(t *testing.T) {
	t.Parallel()

	files := func(table, target, rejects string) scenario.LoadTableFromSource {
		return scenario.LoadTableFromSource{
			Source: "files", Table: table, TargetSource: "files", TargetTable: target, RejectTable: rejects,
		}
	}
	within := func(params scenario.LoadTableFromSource, space, targetSpace string) scenario.LoadTableFromSource {
		params.Space, params.TargetSpace = space, targetSpace

		return params
	}

	const (
		sameTable = "a table can't be loaded over itself"
		rejected  = "would replace the table that is read"
		both      = "would replace the target"
	)

	for name, test := range map[string]struct {
		params  scenario.LoadTableFromSource
		mistake string
	}{
		"the same file":                 {files("companies.csv", "companies.csv", ""), sameTable},
		"another way to write it":       {files("companies.csv", "./x/../companies.csv", ""), sameTable},
		"with a backslash":              {files("companies.csv", `\[c].csv`, ""), ""},
		"both with a backslash":         {files(`\{c}.csv`, `\{c\}.csv`, ""), sameTable},
		"in a folder":                   {within(files("companies.csv", "sub/companies.csv", ""), "sub", ""), sameTable},
		"in another folder":             {within(files("companies.csv", "companies.csv", ""), "sub", ""), ""},
		"one of many":                   {files("*.csv", "all.csv", ""), sameTable},
		"one of many in folders":        {files("**/*.csv", "sub/all.csv", ""), sameTable},
		"a pattern that does not match": {files("*.csv", "sub/all.csv", ""), ""},
		"rejects over the input":        {files("companies.csv", "copy.csv", "./companies.csv"), rejected},
		"rejects over many":             {files("comp*.csv", "copy.csv", "companies-2.csv"), rejected},
		"rejects over the target":       {files("companies.csv", "copy.csv", "./copy.csv"), both},
		"rejects of their own":          {files("companies.csv", "copy.csv", "rejects.csv"), ""},
		"the letters of a database":     {scenario.LoadTableFromSource{Source: "stage", Table: "companies", TargetSource: "stage", TargetTable: "COMPANIES"}, sameTable},
		"another table":                 {scenario.LoadTableFromSource{Source: "stage", Table: "companies", TargetSource: "stage", TargetTable: "c"}, ""},
		"of another source":             {scenario.LoadTableFromSource{Source: "stage", Table: "companies", TargetSource: "files", TargetTable: "companies"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			b.load(t)
			b.write(t, "files/sub/companies.csv", companies)

			test.params.TargetFormat.Type = map[string]string{"files": "csv"}[test.params.TargetSource]

			_, err := b.run(t, b.LoadTableFromSource, test.params)

			left, readError := os.ReadFile(filepath.Join(b.apps, "7", "files", "companies.csv"))
			require.NoError(t, readError)
			require.Equal(t, companies, string(left))

			if test.mistake == "" {
				require.NoError(t, err)

				return
			}

			requireFailure(t, err, "source_operation_unsupported", false, test.mistake)
		})
	}
}
