package chaos_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
)

const (
	appID = faulttest.AppID
	key   = "the-key-of-chaos"
)

// The numbers of records that one job writes. Together with the number of jobs they determine the content of the tables.
const (
	appendedRows = 500
	loadedRows   = 2_000
	droppedRows  = 100
	rounds       = 10
)

// writeApp writes the app of the jobs to dir. Their callbacks go to the receiver.
func writeApp(t *testing.T, dir, receiver string) {
	t.Helper()

	var file strings.Builder

	file.WriteString("id,name\n")

	for i := range loadedRows {
		fmt.Fprintf(&file, "%d,name %d\n", i, i)
	}

	own := scenarios()
	maps.Copy(own, faulttest.Scenarios(appendedRows))

	files := map[string]string{"app.yaml": manifestWith(receiver, "auto"), "files/names.csv": file.String()}
	faulttest.WriteApp(t, dir, files, own)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "files", "in"), 0o750))
}

const manifest = `
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
  warehouse: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_APP_7_CHAOS_DATABASE}"}
  counter: {kind: HTTPSource, url: "${env:JOBWRIGHT_APP_7_CHAOS_COUNTER}"}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_CHAOS_KEY}"}
callbacks: {allow: ["%s"], addresses: [127.0.0.1], secrets: ["${env:JOBWRIGHT_APP_7_CHAOS_SIGNING}"]}
schedules:
  tick: {scenario: Tick, interval: 5s, overlap: allowAll, catchUpWindow: 1h}
execution: %s
`

// manifestWith returns the app.yaml with which steps begin as the execution says.
func manifestWith(receiver, execution string) string {
	return fmt.Sprintf(manifest, receiver, execution)
}

// writeManifest replaces the app's app.yaml. It is in effect for jobs that start from then on.
func writeManifest(dir, receiver, execution string) error {
	path := filepath.Join(dir, "app.yaml")
	if err := os.WriteFile(path+".new", []byte(manifestWith(receiver, execution)), 0o600); err != nil {
		return err
	}

	return os.Rename(path+".new", path)
}

// writeFileToDrop writes the file that a job of the scenario Drop loads and then drops.
func writeFileToDrop(dir, jobID string) (name string, err error) {
	var text strings.Builder

	text.WriteString("job,n\n")

	for i := range droppedRows {
		fmt.Fprintf(&text, "%s,%d\n", jobID, i)
	}

	name = "in/" + jobID + ".csv"

	return name, os.WriteFile(filepath.Join(dir, "files", name), []byte(text.String()), 0o600)
}

// tables creates the PostgreSQL tables to which the jobs write.
const tables = faulttest.Tables + `
CREATE TABLE dropped (job text, n bigint);
CREATE TABLE looped (job text, round bigint);
CREATE TABLE tried (job text);
CREATE TABLE finished (job text);
CREATE TABLE counted (job text, n bigint);
CREATE TABLE summed (job text, total bigint);
CREATE TABLE ticked (job text);
CREATE TABLE stopped (job text);`

// scenarios returns the texts of the scenarios by name, beside those of [faulttest.Scenarios].
func scenarios() map[string]string {
	return map[string]string{
		"Stage": fmt.Sprintf(`
steps:
  - opName: Transform
    opParams:
      source: stage
      query: WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT :job AS job, n FROM s
      bind: {job: "${job.id}"}
      targetSource: stage
      targetTable: staged
      append: true
`, appendedRows),
		"Load": `
parameters: {table: {type: text}}
steps:
  - opName: LoadTableFromSource
    opParams:
      source: files
      table: names.csv
      targetSource: warehouse
      targetTable: "${table}"
      columnTypes: {id: integer}
  - opName: Transform
    opParams: {source: warehouse, query: "SELECT n::bigint AS n FROM generate_series(1, 3000) AS n", returnResult: true}
`,
		"Drop": `
parameters: {file: {type: text}}
steps:
  - opName: LoadTableFromSource
    opParams:
      source: files
      table: "${file}"
      targetSource: warehouse
      targetTable: dropped
      append: true
      dropSource: true
`,
		"Loop": fmt.Sprintf(`
steps:
  - opName: ForEach
    opParams:
      in: "${1..%d}"
      as: round
      maxConcurrency: 3
      steps:
        - opName: Insert
          opParams: {source: warehouse, table: looped, records: [{job: "${job.id}", round: "${round}"}]}
`, rounds),
		// Each round reads what the round before has written. If a crash repeated the read of a round after its write, the total
		// would be larger.
		"Count": fmt.Sprintf(`
steps:
  - opName: SetVariable
    opParams: {name: total, value: 0}
  - opName: ForEach
    opParams:
      in: "${1..%d}"
      steps:
        - opName: Transform
          name: before
          opParams: {source: warehouse, query: "SELECT count(*) AS n FROM counted WHERE job = :job", bind: {job: "${job.id}"}, returnValue: true}
        - opName: Insert
          opParams: {source: warehouse, table: counted, records: [{job: "${job.id}", n: "${steps.before.value[0].n}"}]}
        - opName: SetVariable
          opParams: {name: total, value: "${total + steps.before.value[0].n}"}
  - opName: Insert
    opParams: {source: warehouse, table: summed, records: [{job: "${job.id}", total: "${total}"}]}
`, rounds),
		"Try": `
steps:
  - opName: TryCatch
    opParams:
      try:
        - opName: Insert
          opParams: {source: warehouse, table: tried, records: [{job: "${job.id}"}]}
        - opName: Fail
          opParams: {message: expected}
      finally:
        - opName: Insert
          opParams: {source: warehouse, table: finished, records: [{job: "${job.id}"}]}
`,
		"Request": `
steps:
  - opName: HTTPRequest
    opParams: {source: counter, method: POST, path: count, params: {job: "${job.id}"}, text: body}
`,
		"Stop": `
steps:
  - opName: TryCatch
    opParams:
      try:
        - opName: HTTPRequest
          opParams: {source: counter, path: slow}
      finally:
        - opName: Insert
          opParams: {source: warehouse, table: stopped, records: [{job: "${job.id}"}]}
`,
		"Tick": `
steps:
  - opName: Insert
    opParams: {source: warehouse, table: ticked, records: [{job: "${job.id}"}]}
`,
		"Terminate": `
steps:
  - opName: Wait
    opParams: {duration: 24h}
`,
		"Wait": `
parameters: {variant: {type: text}}
steps:
  - opName: Wait
    opParams: {duration: 24h}
`,
	}
}
