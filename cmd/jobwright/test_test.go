package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

// runTests runs the command test in dir, and returns its exit status and what it prints to stdout and stderr. The durations
// are replaced.
func runTests(t *testing.T, dir, pattern string, paths ...string) (status int, stdout, stderr string) {
	t.Helper()

	var out, summary bytes.Buffer

	run := tests{dir: dir, selected: regexp.MustCompile(pattern), out: &out}
	status = cli.Report(run.run(t.Context(), paths, &summary), "jobwright", &summary)

	return status, regexp.MustCompile(`in \d+m?s\)`).ReplaceAllString(out.String(), "in …)"), summary.String()
}

func TestTestCommandPrintsTheOutputInTheDocumentation(t *testing.T) {
	t.Parallel()

	document, err := os.ReadFile("../../docs/how-to/write-a-test.md")
	require.NoError(t, err)

	blocks := regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```").FindAllStringSubmatch(string(document), -1)
	require.Len(t, blocks, 2)

	files := map[string]string{"7/app.yaml": anApp}
	for _, block := range blocks {
		files["7/"+block[1]] = "# " + block[1] + "\n" + block[2]
	}

	status, stdout, stderr := runTests(t, folder(t, files)+"/7", "", ".")
	require.Zero(t, status, stdout, stderr)

	shown := regexp.MustCompile("(?s)```console\n\\$ jobwright test .\n(.*?)```").FindStringSubmatch(string(document))
	require.Len(t, shown, 2)
	require.Equal(t, regexp.MustCompile(`in \d+m?s\)`).ReplaceAllString(shown[1], "in …)"), stdout+stderr)
}

func TestTestCommandReportsFailures(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{
		"7/app.yaml":                 anApp,
		"7/scenarios/Main.yaml":      "steps:\n- {opName: Wait, opParams: {duration: 72h}}\n",
		"7/scenarios/Main_test.yaml": "tests:\n- name: right\n  expect: {duration: 72h}\n- name: wrong\n  expect: {steps: [2 completed], duration: 1h}\n",
		"7/scenarios/Bad_test.yaml":  "tests:\n- name: bad\n  expects: {}\n",
		"8/app.yaml":                 anApp,
	})

	for name, row := range map[string]struct {
		pattern string
		paths   []string
		status  int
		stdout  string
		stderr  string
	}{
		"a file": {
			"",
			[]string{"7/scenarios/Main_test.yaml"},
			1,
			"ok     7/scenarios/Main_test.yaml:2: right (72h0m0s in …)\nFAILED 7/scenarios/Main_test.yaml:4: wrong (72h0m0s in …)\n" +
				"    steps:\n        want         have\n      ≠ 2 completed  1 completed\n    duration: want 1h0m0s, have 72h0m0s\n",
			"2 tests, 1 failed\n",
		},
		"some tests": {
			"^r",
			[]string{"7/scenarios/Main_test.yaml"},
			0,
			"ok     7/scenarios/Main_test.yaml:2: right (72h0m0s in …)\n", "1 test passed\n",
		},
		"a mistake in a test file": {"", nil, 2, "", "jobwright: 7/scenarios/Bad_test.yaml:3: "},
		"no tests":                 {"", []string{"8"}, 2, "", "jobwright: there are no tests in 8\n"},
		"no file":                  {"", []string{"9"}, 2, "", "jobwright: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			status, stdout, stderr := runTests(t, dir, row.pattern, row.paths...)
			require.Equal(t, row.status, status, stderr)
			require.Equal(t, row.stdout, stdout)
			require.True(t, strings.HasPrefix(stderr, row.stderr), stderr)
		})
	}
}
