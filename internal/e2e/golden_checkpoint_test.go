package e2e_test

// checkpointApp has a scenario for each field of a checkpoint that those of [languageApp] leave empty: each continues as new
// while the field has a value.
var checkpointApp = map[string]string{
	"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
	"scenarios/Failure.yaml": `
description: A branch has failed while the finally steps of another still run.
steps:
  - opName: Parallel
    onError: continue
    opParams:
      branches:
        fails: [{opName: Wait, opParams: {duration: 100ms}}, {opName: Fail, opParams: {message: as it should}}]
        holds:
          - opName: TryCatch
            opParams: {try: [{opName: Wait, opParams: {duration: 1h}}], finally: [` + fiveSteps + `]}
`,
	"scenarios/Ending.yaml": `
description: Steps have failed, and then returned, while finally steps still run.
steps:
  - opName: TryCatch
    onError: continue
    opParams: {try: [{opName: Fail, opParams: {message: as it should}}], finally: [` + fiveSteps + `]}
  - opName: TryCatch
    opParams: {try: [{opName: Return, opParams: {value: well}}], finally: [` + fiveSteps + `]}
`,
	"scenarios/Caught.yaml": `
description: Steps have failed while those that catch it still run, and fail too.
steps:
  - opName: TryCatch
    onError: continue
    opParams:
      try: [{opName: Fail, opParams: {message: as it should}}]
      catch: [` + fiveSteps + `, {opName: Fail, opParams: {message: again}}]
`,
	"scenarios/Timeout.yaml": `
description: The timeout of a step began in an earlier run.
steps:
  - opName: If
    timeout: 3s
    onError: continue
    opParams: {condition: "${true}", then: [` + fiveSteps + `, {opName: Wait, opParams: {duration: 1h}}]}
`,
	"scenarios/Wait.yaml": `
description: A wait began in an earlier run than it ends in.
steps:
  - opName: Parallel
    opParams:
      branches:
        waits: [{opName: Wait, opParams: {duration: 2s}}]
        works: [` + fiveSteps + `]
`,
	"scenarios/Stopped.yaml": `
description: A branch has been stopped while the finally steps of another still run.
steps:
  - opName: Parallel
    timeout: 300ms
    onError: continue
    opParams:
      branches:
        stops: [{opName: Wait, opParams: {duration: 1h}}]
        holds:
          - opName: TryCatch
            opParams: {try: [{opName: Wait, opParams: {duration: 1h}}], finally: [` + fiveSteps + `]}
`,
}

const fiveSteps = oneStep + ", " + oneStep + ", " + oneStep + ", " + oneStep + ", " + oneStep

const oneStep = `{opName: Transform, opParams: {source: stage, query: SELECT 1 AS one, returnValue: true}}`
