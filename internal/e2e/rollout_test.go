package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	batchpb "go.temporal.io/api/batch/v1"
	deploymentpb "go.temporal.io/api/deployment/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// rolloutApp has jobs whose loops add up what signals say, until one says 0. The rounds of two loops run at the same time, in one
// job or in two child jobs. Steps are activities, so that histories get long.
var rolloutApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
  web: {kind: HTTPSource, url: "${env:JOBWRIGHT_ROLLOUT_URL}"}
access: [{name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}]
execution: activity
`,
	"scenarios/Short.yaml": "steps: [{opName: Return, opParams: {value: 1}}]\n",
	"scenarios/Loop.yaml": `
steps:
  - {opName: SetVariable, opParams: {name: sum, value: 0}}
  - {opName: SetVariable, opParams: {name: ends, value: false}}
  - opName: While
    opParams:
      condition: ${!ends}
      steps:
        - {name: go, opName: WaitForSignal, opParams: {name: left}}
        - {name: n, opName: Transform, opParams: {source: stage, query: "SELECT ${steps.go.value} AS n", returnValue: true}}
        - {opName: SetVariable, opParams: {name: sum, value: "${sum + steps.n.value[0].n}"}}
        - {opName: SetVariable, opParams: {name: ends, value: "${steps.go.value == 0}"}}
  - {opName: Return, opParams: {value: "${sum}"}}
`,
	"scenarios/Concurrent.yaml": `
steps:
  - {opName: RunSourceScript, opParams: {source: stage, script: "CREATE TABLE IF NOT EXISTS marks (job TEXT, n INTEGER)"}}
  - opName: ForEach
    opParams:
      in: [left, right]
      as: side
      maxConcurrency: 2
      steps:
        - {opName: SetVariable, opParams: {name: ends, value: false}}
        - opName: While
          opParams:
            condition: ${!ends}
            steps:
              - {name: go, opName: WaitForSignal, opParams: {name: "${side}"}}
              - opName: RunSourceScript
                opParams:
                  source: stage
                  script: INSERT INTO marks VALUES (:job, :n)
                  bind: {job: "${job.id}", n: "${steps.go.value}"}
              - {opName: SetVariable, opParams: {name: ends, value: "${steps.go.value == 0}"}}
  - {opName: WaitForSignal, opParams: {name: end}}
  - name: sum
    opName: Transform
    opParams:
      {source: stage, query: "SELECT sum(n) AS n FROM marks WHERE job = :job", bind: {job: "${job.id}"}, returnValue: true}
  - {opName: Return, opParams: {value: "${steps.sum.value[0].n}"}}
`,
	"scenarios/Requesting.yaml": `
steps:
  - opName: Parallel
    opParams:
      branches:
        request: [{opName: HTTPRequest, opParams: {source: web, path: /}}]
        signal: [{opName: WaitForSignal, opParams: {name: left}}, {opName: WaitForSignal, opParams: {name: left}}]
  - {opName: WaitForSignal, opParams: {name: end}}
  - {opName: Return, opParams: {value: 1}}
`,
	"scenarios/Parents.yaml": `
steps:
  - opName: ForEach
    opParams:
      in: [1, 2]
      maxConcurrency: 2
      steps:
        - {name: child, opName: RunScenario, opParams: {scenario: Loop}}
        - {opName: Fail, condition: "${steps.child.value != 2}", opParams: {message: "the child returns ${steps.child.value}"}}
  - {opName: Return, opParams: {value: 1}}
`,
}

// loops are loops of running jobs.
type loops struct {
	*upgrade

	jobIDs  []string
	signals []string // The signals for which the loops of each job wait.
	rounds  int      // How often each loop has got 1.
}

// startLoops starts jobs, whose loops wait for the signals.
func (u *upgrade) startLoops(t *testing.T, count int, scenario string, signals ...string) *loops {
	t.Helper()

	return &loops{upgrade: u, jobIDs: u.starts(t, count, scenario), signals: signals}
}

// next begins another round of all loops.
func (l *loops) next(t *testing.T) {
	t.Helper()

	l.rounds++
	l.send(t, 1, l.signals...)
}

// end ends all loops.
func (l *loops) end(t *testing.T) {
	t.Helper()

	l.send(t, 0, l.signals...)
}

func (l *loops) send(t *testing.T, data int, signals ...string) {
	t.Helper()

	for _, jobID := range l.jobIDs {
		for _, signal := range signals {
			request := object{
				"apiKey": callerKey, "appId": "8", "jobId": jobID, "signal": signal, "data": data, "signalId": uuid.NewString(),
			}

			await(t, func() bool { // While a job changes its workers, it may have none.
				got := l.api.signal(t, request)
				require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, got.status, got.text)

				return got.status == http.StatusOK
			})
		}
	}
}

// run reports whether all jobs run on a build.
func (l *loops) run(t *testing.T, build string) bool {
	t.Helper()

	return !slices.ContainsFunc(l.jobIDs, func(jobID string) bool { return l.buildOf(t, jobID) != build })
}

// requireSums waits for the ends of the jobs, and checks that each loop has counted each of its rounds once.
func (l *loops) requireSums(t *testing.T, build string) {
	t.Helper()

	l.requireEnds(t, l.jobIDs, float64(l.rounds*len(l.signals)), build)
}

// children returns the loops of child jobs that have begun.
func (u *upgrade) children(t *testing.T, parents []string) *loops {
	t.Helper()

	children := &loops{upgrade: u, signals: []string{"left"}}

	for _, jobID := range parents {
		children.jobIDs = append(children.jobIDs, jobID+"/1.steps[0].1", jobID+"/1.steps[1].1")
	}

	await(t, func() bool {
		return !slices.ContainsFunc(children.jobIDs, func(jobID string) bool {
			_, err := u.temporal.DescribeWorkflowExecution(t.Context(), jobID, "")

			return err != nil
		})
	})

	return children
}

// setCurrent makes a build the current one as soon as a worker of it polls, and waits until new jobs run on it.
func (u *upgrade) setCurrent(t *testing.T, build string) {
	t.Helper()

	await(t, func() bool {
		status, _ := u.jobwright(t, "deployment", "set-current", build)

		return status == 0
	})
	u.awaitNewJobsOn(t, build)
}

// TestRolloutMovesJobsThatContinueAsNew rolls a version out and back, while the histories of jobs get too long.
func TestRolloutMovesJobsThatContinueAsNew(t *testing.T) {
	t.Parallel()

	continuing, err := continuingSystem()
	require.NoError(t, err)

	begun, released := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}

		select {
		case <-released:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)

	u := newUpgradeOn(t, continuing.temporal, rolloutApp, "JOBWRIGHT_ROLLOUT_URL="+server.URL)
	u.olderWorker(t)
	u.setCurrent(t, olderBuild)

	alone, concurrent := u.startLoops(t, 2, "Loop", "left"), u.startLoops(t, 2, "Concurrent", "left", "right")
	requesting, parents := u.startLoops(t, 1, "Requesting", "left"), u.starts(t, 1, "Parents")
	children := u.children(t, parents)

	<-begun
	alone.next(t)
	concurrent.next(t)
	requesting.next(t)

	u.newerWorker(t)
	u.setCurrent(t, newerBuild)

	await(t, func() bool {
		alone.next(t)
		concurrent.next(t)

		return alone.run(t, newerBuild) && concurrent.run(t, newerBuild)
	})

	// A step that runs ends on the version on which it began, however long the history gets meanwhile.
	requesting.next(t)
	require.True(t, requesting.run(t, olderBuild))
	close(released)
	await(t, func() bool { return requesting.run(t, newerBuild) })

	children.next(t)
	children.next(t)
	children.end(t)
	u.requireEnds(t, parents, 1, newerBuild)

	// Roll back.
	u.setCurrent(t, olderBuild)

	await(t, func() bool {
		alone.next(t)
		concurrent.next(t)

		return alone.run(t, olderBuild) && concurrent.run(t, olderBuild)
	})
	alone.end(t)
	concurrent.end(t)
	concurrent.send(t, 0, "end")
	requesting.send(t, 0, "end")

	alone.requireSums(t, olderBuild)
	concurrent.requireSums(t, olderBuild)

	for _, jobID := range slices.Concat(alone.jobIDs, concurrent.jobIDs) {
		u.requireBuilds(t, jobID, olderBuild, newerBuild, olderBuild)
	}

	u.requireValue(t, requesting.jobIDs[0], 1)
}

// TestRolloutWaitsForConcurrentSteps rolls out a version while jobs run steps concurrently, which end where they began.
func TestRolloutWaitsForConcurrentSteps(t *testing.T) {
	t.Parallel()

	u := newUpgradeOn(t, shared.temporal, rolloutApp, "JOBWRIGHT_ROLLOUT_URL=http://127.0.0.1:9")
	older := u.olderWorker(t)
	u.setCurrent(t, olderBuild)

	ending, others := u.startLoops(t, 2, "Concurrent", "left", "right"), u.startLoops(t, 2, "Concurrent", "left", "right")
	parents := u.starts(t, 2, "Parents")
	children := u.children(t, parents)
	all := []*loops{ending, others, children}

	for _, some := range all {
		some.next(t)
	}

	u.newerWorker(t)
	u.setCurrent(t, newerBuild)

	// All stay on their version.
	for _, some := range all[:2] {
		some.next(t)
	}

	ending.end(t)
	ending.send(t, 0, "end")
	ending.requireSums(t, olderBuild)
	require.True(t, others.run(t, olderBuild))
	require.True(t, children.run(t, olderBuild))

	status, output := u.jobwright(t, "deployment", "drain", "--timeout", "1s")
	require.Equal(t, 1, status, output)
	require.Contains(t, output, "not drained within --timeout")

	// When an operator asks for it, child jobs move, and the others only after their concurrent steps.
	drain := launch(t, u.environment, "jobwright", "deployment", "drain", "--move", "--timeout", "5m")

	await(t, func() bool { return children.run(t, newerBuild) })
	await(t, func() bool { return u.areAskedToMove(t, others.jobIDs) })
	others.next(t)
	require.True(t, others.run(t, olderBuild))
	others.end(t)
	await(t, func() bool { return others.run(t, newerBuild) })

	children.next(t)
	children.end(t)
	u.requireEnds(t, parents, 1, newerBuild)

	require.Equal(t, 0, drain.end(t), drain.output())
	require.Regexp(t, `older +drained +0 +1\n`, drain.output())
	requireTerminated(t, older)

	others.send(t, 0, "end")
	others.requireSums(t, newerBuild)

	for _, jobID := range slices.Concat(others.jobIDs, parents, children.jobIDs) {
		u.requireBuilds(t, jobID, olderBuild, newerBuild)
	}
}

// areAskedToMove reports whether jobs have received the signal of an operator.
func (u *upgrade) areAskedToMove(t *testing.T, jobIDs []string) bool {
	t.Helper()

	for _, jobID := range jobIDs {
		isAsked := false

		for _, event := range historyOfRun(t, u.temporal, jobID, "").GetEvents() {
			isAsked = isAsked || event.GetWorkflowExecutionSignaledEventAttributes() != nil
		}

		if !isAsked {
			return false
		}
	}

	return true
}

// TestRollbackOfRunningJobs makes the earlier version current again, while jobs of the later one run.
func TestRollbackOfRunningJobs(t *testing.T) {
	t.Parallel()

	u := newUpgradeOn(t, shared.temporal, rolloutApp, "JOBWRIGHT_ROLLOUT_URL=http://127.0.0.1:9")
	u.olderWorker(t)
	u.setCurrent(t, olderBuild)

	newer := u.newerWorker(t)
	u.setCurrent(t, newerBuild)

	ending, others := u.startLoops(t, 2, "Loop", "left"), u.startLoops(t, 2, "Loop", "left")
	parents := u.starts(t, 1, "Parents")
	children := u.children(t, parents)

	ending.next(t)
	others.next(t)
	children.next(t)
	u.setCurrent(t, olderBuild)

	ending.next(t)
	ending.end(t)
	ending.requireSums(t, newerBuild)
	require.True(t, others.run(t, newerBuild))

	drain := launch(t, u.environment, "jobwright", "deployment", "drain", newerBuild, "--move", "--timeout", "5m")

	await(t, func() bool { return others.run(t, olderBuild) && children.run(t, olderBuild) })
	children.next(t)
	children.end(t)
	u.requireEnds(t, parents, 1, olderBuild)
	require.Equal(t, 0, drain.end(t), drain.output())
	requireTerminated(t, newer)

	others.next(t)
	others.end(t)
	others.requireSums(t, olderBuild)

	for _, jobID := range slices.Concat(others.jobIDs, parents, children.jobIDs) {
		u.requireBuilds(t, jobID, newerBuild, olderBuild)
	}
}

// TestJobsMoveWithoutTheirWorkers makes the request of Temporal's command line that moves jobs whose workers are lost.
func TestJobsMoveWithoutTheirWorkers(t *testing.T) {
	t.Parallel()

	u := newUpgradeOn(t, shared.temporal, rolloutApp, "JOBWRIGHT_ROLLOUT_URL=http://127.0.0.1:9")
	lost := u.worker(t, "--deployment", deploymentName, "--build-id", "lost")
	u.setCurrent(t, "lost")

	others := u.startLoops(t, 2, "Loop", "left")
	others.next(t)
	lost.kill()

	second := u.worker(t, "--deployment", deploymentName, "--build-id", "second")
	u.setCurrent(t, "second")

	u.moveOnce(t, "lost", "second", others.jobIDs)
	others.next(t)
	require.True(t, others.run(t, "second"))

	// They move on, like others.
	u.worker(t, "--deployment", deploymentName, "--build-id", "third")
	u.setCurrent(t, "third")

	drain := launch(t, u.environment, "jobwright", "deployment", "drain", "--move", "--timeout", "5m")

	await(t, func() bool { return others.run(t, "third") })
	others.next(t)
	require.Equal(t, 0, drain.end(t), drain.output())
	requireTerminated(t, second)

	others.end(t)
	others.requireSums(t, "third")
}

// moveOnce makes the request of "temporal workflow update-options --versioning-override-behavior one_time" for the running jobs of
// a build, and waits until Temporal has changed them.
func (u *upgrade) moveOnce(t *testing.T, from, to string, jobIDs []string) {
	t.Helper()

	query := "TemporalWorkerDeploymentVersion = '" + deploymentName + ":" + from + "' AND ExecutionStatus = 'Running'"

	await(t, func() bool { // Lists lag behind.
		count, err := u.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		require.NoError(t, err)

		return count.GetCount() == int64(len(jobIDs))
	})

	target := &deploymentpb.WorkerDeploymentVersion{DeploymentName: deploymentName, BuildId: to}
	override := &workflowpb.VersioningOverride{Override: &workflowpb.VersioningOverride_OneTime{
		OneTime: &workflowpb.VersioningOverride_OneTimeOverride{TargetDeploymentVersion: target},
	}}
	_, namespace, _ := strings.Cut(u.environment[1], "=")

	_, err := u.temporal.WorkflowService().StartBatchOperation(t.Context(), &workflowservice.StartBatchOperationRequest{
		Namespace: namespace, JobId: uuid.NewString(), Reason: "the workers are lost", VisibilityQuery: query,
		Operation: &workflowservice.StartBatchOperationRequest_UpdateWorkflowOptionsOperation{
			UpdateWorkflowOptionsOperation: &batchpb.BatchOperationUpdateWorkflowExecutionOptions{
				WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{VersioningOverride: override},
				UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"versioning_override"}},
			},
		},
	})
	require.NoError(t, err)

	for _, jobID := range jobIDs {
		await(t, func() bool {
			described, err := u.temporal.DescribeWorkflowExecution(t.Context(), jobID, "")
			require.NoError(t, err)

			return described.GetWorkflowExecutionInfo().GetVersioningInfo().GetVersioningOverride() != nil
		})
	}
}
