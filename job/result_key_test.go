package job_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
)

func TestOfResultReturnsTheOutermostJob(t *testing.T) {
	t.Parallel()

	for jobID, owner := range map[string]string{
		"nightly 7":      "nightly 7",
		"a.b..":          "a.b..",
		"..":             "..",
		"ä/4.steps[3].1": "ä",
		"50%/1/2":        "50%",
		"x?y#z\\w:":      "x?y#z\\w:",
		"sha256":         "sha256",
	} {
		key := job.ResultKey(job.Task{AppID: "7", JobID: jobID, Step: "4.steps[17].2"}, "run", "3", ".json")

		found, readable := job.OfResult(key)
		require.True(t, readable, key)
		require.Equal(t, owner, found, key)
		require.True(t, strings.HasSuffix(key, "-3.json"), key)
		require.Len(t, strings.Split(key, "/"), 3)
		require.NotContains(t, key, "..")
	}
}

func TestResultKeyIsUniquePerAttempt(t *testing.T) {
	t.Parallel()

	keys := map[string]bool{}

	for _, task := range []job.Task{
		{AppID: "7", JobID: "a", Step: "1"},
		{AppID: "8", JobID: "a", Step: "1"},
		{AppID: "7", JobID: "b", Step: "1"},
		{AppID: "7", JobID: "a", Step: "2"},
		{AppID: "7", JobID: "a/1", Step: "1"},
		{AppID: "7", JobID: "a/2", Step: "1"},
	} {
		for _, runID := range []string{"r", "s"} {
			for _, attempt := range []string{"1", "2"} {
				keys[job.ResultKey(task, runID, attempt, ".json")] = true
			}
		}
	}

	require.Len(t, keys, 24)
}

func TestResultKeyPartsAreBounded(t *testing.T) {
	t.Parallel()

	key := job.ResultKey(job.Task{
		AppID: "7", JobID: strings.Repeat("株", 200), Step: strings.Repeat("4.steps[17].", 100),
	}, "f47ac10b-58cc-0372-8567-0e02b2c3d479", uuid.NewString(), ".ndjson")

	for part := range strings.SplitSeq(key, "/") {
		require.LessOrEqual(t, len(part), 255)
	}

	_, readable := job.OfResult(key)
	require.False(t, readable)
}
