package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli/contexts"
)

// pageRun executes a page of the documentation as a reader would, from top to bottom, in an empty folder:
//
//   - A block after a line that ends with a file's name in backticks and a colon is saved as that file; a diff is applied to it.
//   - In a console block, each line that begins with "$ " is a command, and what follows is its output, which is compared.
//   - A line of an sh block is a command whose output is not compared. A server stays up until the test ends; a text block
//     after it has to be part of what the server prints.
//   - A block after the line "*Not run by a test:*" is skipped.
//
// Documented addresses are replaced by those of the servers that really run. With -update, outputs that differ are
// written into the page.
type pageRun struct {
	name      string
	dir       string
	exports   []string          // The export commands so far, which later commands see.
	addresses map[string]string // The real address of each documented one.
	servers   map[string]*process
	server    *process // The one that the last block started.
	commands  int
}

// pageBlock is a fenced block, and the line of text before it.
type pageBlock struct{ before, language, text string }

const notRun = "*Not run by a test:*"

var (
	pageFence = regexp.MustCompile("(?m)^([^\n]*)\n\n?```(\\w+)\n((?s:.*?)\n)```$")
	savedAs   = regexp.MustCompile("`([\\w./-]+\\.\\w+)`[^`]*:$")

	// servers are the commands that stay up, with a pattern for each address that they print and its documented form.
	servers = map[string]map[string]string{
		"jobwright-dev":       {"127.0.0.1:8080": `API +http://([0-9.:]+)/`, "127.0.0.1:8233": `Temporal UI +http://([0-9.:]+)`},
		"jobwright apiserver": {"127.0.0.1:8080": `"http":"([0-9.:]+)"`},
		"jobwright worker":    {"127.0.0.1:8081": `"http":"([0-9.:]+)"`},
		"jobwright serve":     {"127.0.0.1:8080": `"API server is up","http":"([0-9.:]+)"`},
	}

	// built is how a reader gets the commands, which the tests build by the same command.
	built = []string{"git clone https://github.com/jobwright/jobwright", "cd jobwright", "go build -o bin/ ./cmd/..."}

	freePorts = map[string]string{
		"jobwright-dev":       " --http 127.0.0.1:0 --temporal 127.0.0.1:0 --ui 127.0.0.1:0",
		"jobwright apiserver": " --http 127.0.0.1:0",
		"jobwright worker":    " --http 127.0.0.1:0",
		"jobwright serve":     " --http 127.0.0.1:0",
	}
)

// pageBlocks returns the fenced blocks of a page.
func pageBlocks(text string) []pageBlock {
	var blocks []pageBlock
	for _, found := range pageFence.FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, pageBlock{before: found[1], language: found[2], text: found[3]})
	}

	return blocks
}

// run executes the page.
func (r *pageRun) run(t *testing.T) {
	t.Helper()

	path := filepath.Join("..", "..", filepath.FromSlash(r.name))

	read, err := os.ReadFile(path)
	require.NoError(t, err)

	text := string(read)

	for _, block := range pageBlocks(text) {
		if block.before == notRun {
			continue
		}

		file := savedAs.FindStringSubmatch(block.before)

		server := r.server
		r.server = nil

		switch {
		case block.language == "sh":
			for command := range strings.Lines(strings.ReplaceAll(block.text, "\\\n", " ")) {
				r.command(t, strings.TrimSpace(command))
			}
		case block.language == "console":
			got := r.console(t, block.text)
			if *update && normalized(got) != normalized(block.text) {
				text = strings.Replace(text, "```console\n"+block.text+"```", "```console\n"+got+"```", 1)

				continue
			}

			require.Equal(t, normalized(block.text), normalized(got), r.name)
		case block.language == "text" && server != nil:
			require.Contains(t, server.output(), block.text, r.name)
		case file != nil:
			r.save(t, filepath.Join(r.dir, filepath.FromSlash(file[1])), block)
		}
	}

	require.Positive(t, r.commands, "%s has no command", r.name)

	if text != string(read) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
}

// save writes a file that a page shows, or applies the difference that it shows.
func (r *pageRun) save(t *testing.T, path string, block pageBlock) {
	t.Helper()

	text := r.real(block.text)

	if block.language == "diff" {
		read, err := os.ReadFile(path)
		require.NoError(t, err)

		var before, after strings.Builder

		for line := range strings.Lines(text) {
			if line[0] != '+' {
				before.WriteString(line[1:])
			}

			if line[0] != '-' {
				after.WriteString(line[1:])
			}
		}

		require.Equal(t, 1, strings.Count(string(read), before.String()), "%s: not once in %s:\n%s", r.name, path, before.String())
		text = strings.Replace(string(read), before.String(), after.String(), 1)
	}

	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// console runs the commands of a console block, and returns the block as it would look with what they print now.
func (r *pageRun) console(t *testing.T, text string) string {
	t.Helper()

	var shown, command strings.Builder

	for line := range strings.Lines(text) {
		rest, begins := strings.CutPrefix(line, "$ ")
		if !begins && command.Len() == 0 {
			continue // The output of the last command, as the page has it.
		}

		shown.WriteString(line)

		command.WriteString(rest)

		if strings.HasSuffix(rest, "\\\n") || strings.Count(command.String(), "'")%2 == 1 {
			continue // The command goes on in the next line.
		}

		output := r.command(t, strings.TrimSpace(command.String()))
		if output != "" && !strings.HasSuffix(output, "\n") {
			output += "\n"
		}

		shown.WriteString(output)
		command.Reset()
	}

	return shown.String()
}

// command runs a command, and returns what it prints. A server is started, and its addresses are noted.
func (r *pageRun) command(t *testing.T, command string) string {
	t.Helper()

	r.commands++

	if strings.HasPrefix(command, "export ") {
		r.exports = append(r.exports, r.real(command))

		return ""
	}

	if slices.Contains(built, command) {
		return ""
	}

	command = strings.Replace(command, "go run ./cmd/", "", 1)

	for server, addresses := range servers {
		if !strings.HasPrefix(command+" ", server+" ") || strings.Contains(command, "--once") || strings.Contains(command, "--help") {
			continue
		}

		command = regexp.MustCompile(` --http [0-9.:]+`).ReplaceAllString(command, "")

		name := server + regexp.MustCompile(` --build-id \S+`).FindString(command) // Several versions can run.
		if earlier := r.servers[name]; earlier != nil {
			earlier.kill()
		}

		r.server = start(t, r.shell(t, "exec "+r.real(command)+freePorts[server]))

		r.servers[name] = r.server

		for documented, pattern := range addresses {
			r.addresses[documented] = r.server.await(t, pattern)
		}

		if strings.Contains(command, "--run ") {
			r.server.await(t, `To run it again`)
		}

		return ""
	}

	output, err := r.shell(t, r.real(command)).CombinedOutput()
	if err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError), command)
	}

	return r.documented(string(output))
}

// shell is a command of bash's, in the reader's folder.
func (r *pageRun) shell(t *testing.T, command string) *exec.Cmd {
	t.Helper()

	dir := commandsDir(t)
	shell := exec.Command("bash", "-c", strings.Join(append(r.exports, command), "\n"))
	shell.Dir = r.dir
	shell.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), contexts.EnvPath+"="+filepath.Join(r.dir, ".config.yaml"))

	return shell
}

// real returns text with the addresses of the servers that run; documented is the way back.
func (r *pageRun) real(text string) string {
	for documented, actual := range r.addresses {
		text = strings.ReplaceAll(text, documented, actual)
	}

	return text
}

func (r *pageRun) documented(text string) string {
	for documented, actual := range r.addresses {
		text = strings.ReplaceAll(text, actual, documented)
	}

	return strings.ReplaceAll(text, r.dir+string(filepath.Separator), "")
}

// changing is what differs from run to run, with what a comparison puts in its place.
var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "<moment>"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "<uuid>"},
	{regexp.MustCompile(`\bjw_[a-z2-7]{58}\b`), "<key>"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<sha256>"},
	{regexp.MustCompile(`"attempt":\d+`), `"attempt":<n>`},
	{regexp.MustCompile(`"(version|durationMs)":\d+`), `"$1":<n>`},
	{regexp.MustCompile(` in [0-9.]+m?s\b`), " in <time>"},
	{regexp.MustCompile(`(PostgreSQL|SQLite) \d[0-9.]*( \([^)]*\))?`), "$1 <version>"},
	{regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d (step|job) .*\n`), ""}, // A terminal shows the steps of a job instead.
	{regexp.MustCompile(`(?m) +$`), ""},
	{regexp.MustCompile(` +│`), " │"}, // Columns are as wide as a version is long.
	{regexp.MustCompile(`─+`), "─"},
}

// normalized returns the text without what differs from run to run.
func normalized(text string) string {
	for _, change := range changing {
		text = change.pattern.ReplaceAllString(text, change.with)
	}

	return text
}
