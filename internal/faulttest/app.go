package faulttest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jobwright/jobwright/internal/filetest"
)

// AppID is the ID of the app of the jobs.
const AppID = "7"

// Tables creates the tables to which the jobs of the scenarios of [Scenarios] write.
const Tables = `
CREATE TABLE appended (job text, n bigint);
CREATE TABLE scripted (job text);
CREATE TABLE total (n bigint);
INSERT INTO total VALUES (0);
CREATE TABLE inherited (job text);`

// Scenarios returns the texts of scenarios by name. Their jobs write records with their jobId to the source warehouse.
func Scenarios(appendedRows int) map[string]string {
	return map[string]string{
		"Append": fmt.Sprintf(`
steps:
  - opName: Transform
    opParams:
      source: warehouse
      query: SELECT :job::text AS job, n::bigint AS n FROM generate_series(1, %d) AS n
      bind: {job: "${job.id}"}
      targetSource: warehouse
      targetTable: appended
      append: true
`, appendedRows),
		"Script": `
steps:
  - opName: RunSourceScript
    opParams:
      source: warehouse
      script: |
        INSERT INTO scripted VALUES (:job);
        UPDATE total SET n = n + 1;
      bind: {job: "${job.id}"}
`,
		"Child": `
parameters: {of: {type: text}}
steps:
  - opName: Insert
    opParams: {source: warehouse, table: inherited, records: [{job: "${of}"}]}
`,
		"Parent": `
steps:
  - opName: RunScenario
    opParams: {scenario: Child, parameters: {of: "${job.id}"}}
`,
	}
}

// WriteApp writes the files and the scenarios of an app to dir.
func WriteApp(t *testing.T, dir string, files, scenarios map[string]string) {
	t.Helper()

	filetest.Write(t, dir, files)

	for name, text := range scenarios {
		filetest.Write(t, filepath.Join(dir, "scenarios"), map[string]string{name + ".yaml": text})
	}
}
