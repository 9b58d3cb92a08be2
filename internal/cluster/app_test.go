package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers of records that one job writes.
const (
	appendedRows = 200
	rounds       = 5
	returnedRows = 3000
)

// kind is a kind of the jobs of the load: its scenario, and how many records each of its jobs writes to its table.
type kind struct {
	scenario, table string
	records         int
}

var kinds = []kind{
	{"Append", "appended", appendedRows},
	{"Loop", "looped", rounds},
	{"Script", "scripted", 1},
	{"Parent", "inherited", 1},
}

// tables creates the tables to which the jobs write.
const tables = `
CREATE TABLE appended (job text, n bigint);
CREATE TABLE looped (job text, round bigint);
CREATE TABLE scripted (job text);
CREATE TABLE total (n bigint);
INSERT INTO total VALUES (0);
CREATE TABLE inherited (job text);
CREATE TABLE stopped (job text);`

// writeApp writes the app of the jobs to dir. Only docker-compose.yml and its override set variables: that of the key is the
// one of the example app.
func writeApp(t *testing.T, dir string) {
	t.Helper()

	files := map[string]string{"app.yaml": `
sources:
  warehouse: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_APP_7_WAREHOUSE}"}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`}
	for name, text := range scenarios() {
		files["scenarios/"+name+".yaml"] = text
	}

	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
}

// scenarios returns the texts of the scenarios by name.
func scenarios() map[string]string {
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
		"Loop": fmt.Sprintf(`
steps:
  - opName: ForEach
    opParams:
      in: "${1..%d}"
      as: round
      maxConcurrency: 2
      steps:
        - opName: Insert
          opParams: {source: warehouse, table: looped, records: [{job: "${job.id}", round: "${round}"}]}
        - opName: Wait
          opParams: {duration: 1s}
`, rounds),
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
		"Return": fmt.Sprintf(`
parameters: {first: {type: integer, default: 1}}
steps:
  - opName: Transform
    opParams:
      source: warehouse
      query: SELECT n::bigint AS n FROM generate_series(:first::bigint, :first::bigint + %d) AS n
      bind: {first: "${first}"}
      returnResult: true
`, returnedRows-1),
		"Wait": `
steps:
  - opName: TryCatch
    opParams:
      try:
        - opName: Wait
          opParams: {duration: 24h}
      finally:
        - opName: Insert
          opParams: {source: warehouse, table: stopped, records: [{job: "${job.id}"}]}
`,
	}
}
