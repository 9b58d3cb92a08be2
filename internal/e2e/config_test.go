package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documentedConfig writes the file with the flags of a worker that the how-to guide shows, and returns its path.
func documentedConfig(t *testing.T) string {
	t.Helper()

	blocks := page(t, "docs/how-to/limit-the-load.md")
	at := slices.IndexFunc(blocks, func(block block) bool { return strings.HasPrefix(block.text, "# worker.yaml\n") })
	require.NotEqual(t, -1, at)
	require.Equal(t, "jobwright worker --config worker.yaml --bulk-steps 2", blocks[at+1].text)

	path := filepath.Join(t.TempDir(), "worker.yaml")
	require.NoError(t, os.WriteFile(path, []byte(blocks[at].text), 0o600))

	return path
}

// freeSlots returns the metrics of the free slots of a worker, by task queue and type.
func freeSlots(t *testing.T, worker *process) map[string]string {
	t.Helper()

	free := regexp.MustCompile(`(?m)^temporal_worker_task_slots_available\{([^}]*)\} (\S+)$`)
	label := regexp.MustCompile(`(task_queue|worker_type)="([^"]*)"`)
	slots := map[string]string{}

	for _, found := range free.FindAllStringSubmatch(
		metrics(t, caller{"http://" + worker.await(t, `"worker is up","http":"([0-9.:]+)"`)}), -1) {
		labels := map[string]string{}
		for _, of := range label.FindAllStringSubmatch(found[1], -1) {
			labels[of[1]] = of[2]
		}

		slots[labels["task_queue"]+" "+labels["worker_type"]] = found[2]
	}

	return slots
}

func TestConfigFileSetsTheLimitsOfAWorker(t *testing.T) {
	t.Parallel()

	p, path := newProduction(t), documentedConfig(t)

	want := map[string]string{
		"jobwright ActivityWorker":      "20",
		"jobwright WorkflowWorker":      "50",
		"jobwright LocalActivityWorker": "1000",
		"jobwright-bulk ActivityWorker": "1",
		"heavy ActivityWorker":          "1",
	}
	requireSlots := func(worker *process) {
		for of, slots := range want {
			require.Equal(t, slots, freeSlots(t, worker)[of], of)
		}
	}

	requireSlots(p.worker(t, "--config", path))

	want["jobwright-bulk ActivityWorker"], want["heavy ActivityWorker"] = "2", "2"
	requireSlots(p.worker(t, "--config", path, "--bulk-steps", "2"))
}

func TestConfigFileWithMistakesEndsServers(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "flags.yaml")
	require.NoError(t, os.WriteFile(path, []byte("log-level: warn\nsecret-dir: secrets\ngrace: long\n"), 0o600))

	for _, command := range [][]string{{"jobwright", "apiserver"}, {"jobwright", "worker"}, {"jobwright", "serve"}, {"jobwright-dev"}} {
		ended := launch(t, nil, command[0], append(command[1:], "--config", path)...)
		require.Equal(t, 1, ended.end(t), ended.output())
		require.Contains(t, ended.output(), path+":2:1: unknown flag secret-dir; did you mean secrets-dir?")

		if command[0] == "jobwright" {
			require.Contains(t, ended.output(), path+`:3:8: grace can't be "long"`)
		}
	}
}
