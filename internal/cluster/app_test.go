package cluster_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/jobwright/jobwright/internal/faulttest"
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
const tables = faulttest.Tables + `
CREATE TABLE looped (job text, round bigint);
CREATE TABLE stopped (job text);`

// writeApp writes the app of the jobs to dir. Only docker-compose.yml and its override set variables: that of the key is the
// one of the example app.
func writeApp(t *testing.T, dir string) {
	t.Helper()

	own := scenarios()
	maps.Copy(own, faulttest.Scenarios(appendedRows))

	faulttest.WriteApp(t, dir, map[string]string{"app.yaml": `
sources:
  warehouse: {kind: PgSQLSource, connStr: "${env:JOBWRIGHT_APP_7_WAREHOUSE}"}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`}, own)
}

// scenarios returns the texts of the scenarios by name, beside those of [faulttest.Scenarios].
func scenarios() map[string]string {
	return map[string]string{
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
