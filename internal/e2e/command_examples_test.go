package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli/contexts"
)

// commandExample is the example in the help of a command. docs/cli.md has the examples of all commands: a test of each binary
// compares the page with its commands.
type commandExample struct {
	command string
	lines   []string
}

var (
	generatedSection = regexp.MustCompile(`(?s)<!-- generated: [\w-]+ -->\n(.*?)<!-- /generated -->`)
	commandHeading   = regexp.MustCompile(`(?m)^##+ (jobwright.*)$`)
	exampleBlock     = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

// commandExamples returns the examples of all commands.
func commandExamples(t *testing.T) []commandExample {
	t.Helper()

	text, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)

	var examples []commandExample

	for _, section := range generatedSection.FindAllStringSubmatch(string(text), -1) {
		headings := commandHeading.FindAllStringSubmatchIndex(section[1], -1)

		for i, heading := range headings {
			end := len(section[1])
			if i+1 < len(headings) {
				end = headings[i+1][0]
			}

			example := commandExample{command: section[1][heading[2]:heading[3]]}

			for _, block := range exampleBlock.FindAllStringSubmatch(section[1][heading[1]:end], -1) {
				for line := range strings.Lines(block[1]) {
					if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
						example.lines = append(example.lines, line)
					}
				}
			}

			examples = append(examples, example)
		}
	}

	return examples
}

// exampleUser runs examples, each in a new folder with the files that the examples name.
type exampleUser struct{ env []string }

// run runs the lines of an example one after the other. All must succeed. A server must start, and end at SIGTERM.
func (u exampleUser) run(t *testing.T, example commandExample) {
	t.Helper()

	require.True(t, slices.ContainsFunc(example.lines, func(line string) bool { return strings.Contains(line, example.command) }),
		"the help of %q has no example of it", example.command)

	home := t.TempDir()
	for _, apps := range []string{"apps", "examples/apps", "srv/apps"} { // HOME is the folder, so that ~/apps exists, too.
		require.NoError(t, os.CopyFS(filepath.Join(home, apps), os.DirFS("../../examples/apps")))
	}

	for name, text := range map[string]string{
		"shop.key":    "the key of the shop\n",
		"config.yaml": "contexts: {production: {url: \"https://jobs.example.org\"}}\n",

		"apiserver.yaml": "max-connections: 500\n",
		"worker.yaml":    "bulk-steps: 4\n",
		"serve.yaml":     "bulk-steps: 4\n",
		"dev.yaml":       "durable: true\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte(text), 0o600))
	}

	// The only parts of examples that do not run as they are printed.
	replaced := strings.NewReplacer(
		"/srv/", home+"/srv/",
		"/var/lib/", home+"/var/lib/",
		"/usr/local/share/man/", home+"/share/man/",
		"TEMPORAL_ADDRESS=temporal.example.com:7233 ", "", // A Temporal of the test is in the environment.
		"--metrics 127.0.0.1:8081", "--metrics 127.0.0.1:0",
	)

	for _, line := range example.lines {
		folder := home
		if line == "jobwright validate" { // The app or the apps in the current folder.
			folder = filepath.Join(home, "apps")
		}

		server, ready := exampleServer(line)

		text := replaced.Replace(line)
		if server != "" {
			text = "exec " + text + freePorts[server]
		}

		dir := commandsDir(t)
		shell := exec.Command("bash", "-o", "pipefail", "-c", text)
		shell.Dir = folder
		shell.Env = append(append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+home, "MANPATH="+home+"/share/man",
			contexts.EnvPath+"="+filepath.Join(home, "config.yaml")), u.env...)

		process := start(t, shell)

		if server != "" {
			process.await(t, ready)
			require.NoError(t, process.command.Process.Signal(syscall.SIGTERM))
		}

		require.Zero(t, process.end(t), "%s: %s\n%s", example.command, line, process.output())
	}
}

// exampleServer returns the name of the server that a line starts, and what it prints when it has started; empty for other lines.
func exampleServer(line string) (name, ready string) {
	for _, server := range []struct{ name, ready string }{
		{"jobwright apiserver", "API server is up"},
		{"jobwright worker", "worker is up"},
		{"jobwright serve", "worker is up"},
		{"jobwright-dev", "To run (the scenario|it again)"},
	} {
		isServer := line == server.name || strings.HasPrefix(line, server.name+" --")
		if isServer && !strings.Contains(line, "--once") {
			return server.name, server.ready
		}
	}

	return "", ""
}

func TestCommandExamplesRun(t *testing.T) {
	t.Parallel()

	for _, program := range []string{"jq", "man"} {
		requireProgram(t, program)
	}

	var servers, development, deployments, others []commandExample

	for _, example := range commandExamples(t) {
		switch example.command {
		case "jobwright", "jobwright setup", "jobwright apiserver", "jobwright worker", "jobwright serve":
			servers = append(servers, example)
		case "jobwright deployment", "jobwright deployment status", "jobwright deployment set-current", "jobwright deployment ramp",
			"jobwright deployment drain":
			deployments = append(deployments, example)
		case "jobwright-dev":
			development = append(development, example)
		default:
			others = append(others, example)
		}
	}

	require.Len(t, servers, 5)
	require.Len(t, development, 1)
	require.Len(t, deployments, 5)

	runAll := func(t *testing.T, user exampleUser, examples []commandExample) {
		t.Helper()

		for _, example := range examples {
			t.Run(example.command, func(t *testing.T) { user.run(t, example) })
		}
	}

	t.Run("servers", func(t *testing.T) {
		t.Parallel()

		// The first example prepares the namespace, in which no other test has jobs.
		runAll(t, exampleUser{[]string{"TEMPORAL_ADDRESS=" + shared.temporal.Frontend, "TEMPORAL_NAMESPACE=jobs"}}, servers)
	})

	t.Run("development", func(t *testing.T) {
		t.Parallel()

		runAll(t, exampleUser{}, development)
	})

	t.Run("deployments", func(t *testing.T) {
		t.Parallel()

		system := newProduction(t)

		for _, build := range []string{"v1", "v2", "v3"} {
			system.worker(t, "--deployment", deploymentName, "--build-id", build)
			await(t, func() bool { // It is known when it has polled.
				return launch(t, system.environment, "jobwright", "deployment", "set-current", build).end(t) == 0
			})
		}

		runAll(t, exampleUser{system.environment}, deployments)
	})

	t.Run("others", func(t *testing.T) {
		t.Parallel()

		runAll(t, newExampleUser(t), others)
	})
}

// newExampleUser returns a user who calls a jobwright-dev with the jobs and the schedule that the examples name: night 1 and
// letter 1 have completed, night 2 and publish 1 run, and night 3 has failed.
func newExampleUser(t *testing.T) exampleUser {
	t.Helper()

	apps := newNightlyApps(t)
	data := filepath.Join(apps, "7", "files", "companies.csv")
	server := dev(t, t.TempDir(), "--apps", apps)
	env := []string{
		"JOBWRIGHT_URL=" + apiOf(t, server).address, "JOBWRIGHT_KEY=" + devKey, "JOBWRIGHT_APP=7",
		"TEMPORAL_ADDRESS=" + server.await(t, `Temporal +([0-9.:]+), namespace`),
	}
	calls := commands{env}

	prepare := func(status int, arguments ...string) {
		got, text := calls.run(t, arguments...)
		require.Equal(t, status, got, "%v: %s", arguments, text)
	}

	prepare(0, "run", "Main", "--job-id", "night 1")
	prepare(0, "run", "Main", "--job-id", "letter 1", "--label", "person=4711")
	prepare(0, "run", "Publish", "--async", "--job-id", "night 2")
	prepare(0, "run", "Publish", "--async", "--job-id", "publish 1")

	require.NoError(t, os.Rename(data, data+".late"))
	prepare(1, "run", "Main", "--job-id", "night 3")
	require.NoError(t, os.Rename(data+".late", data))

	calls.awaitSchedule(t)

	return exampleUser{env}
}
