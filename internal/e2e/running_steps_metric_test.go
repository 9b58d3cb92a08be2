package e2e_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The Helm chart scales workers on the steps that run, by a metric of Temporal's SDK. An unknown metric would look like no step.
func TestMetricOfRunningStepsByWhichTheChartScales(t *testing.T) {
	t.Parallel()

	chart, err := os.ReadFile("../../deploy/chart/check/testdata/everything.golden.yaml")
	require.NoError(t, err)

	query := regexp.MustCompile(`query: sum\((\w+)\{.*worker_type=~"([^"]+)"\}\)`).FindSubmatch(chart)
	require.NotNil(t, query)

	used := func(value string) *regexp.Regexp {
		return regexp.MustCompile(`(?m)^` + string(query[1]) + `\{[^}]*worker_type="(` + string(query[2]) + `)"[^}]*\} ` + value + `$`)
	}

	l := startLoadingJob(t)
	worker := caller{"http://" + l.worker.await(t, `"worker is up","http":"([0-9.:]+)"`)}

	kinds := map[string]bool{}
	for _, found := range used("[01]").FindAllStringSubmatch(metrics(t, worker), -1) {
		kinds[found[1]] = true
	}

	require.Len(t, kinds, 2, "regular activities and local ones")
	await(t, func() bool { return len(used("1").FindAllString(metrics(t, worker), -1)) == 1 })

	l.release()
	l.requireEnd(t)
	await(t, func() bool { return !used("1").MatchString(metrics(t, worker)) })
}
