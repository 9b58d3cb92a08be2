package e2e_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// newPageRun prepares the execution of a page in an empty folder.
func newPageRun(t *testing.T, name string) *pageRun {
	t.Helper()

	return &pageRun{name: name, dir: t.TempDir(), addresses: map[string]string{}, servers: map[string]*process{}}
}

// withExamples puts a copy of the repository's examples into the reader's folder.
func (r *pageRun) withExamples(t *testing.T) *pageRun {
	t.Helper()
	require.NoError(t, os.CopyFS(filepath.Join(r.dir, "examples"), os.DirFS("../../examples")))

	return r
}

// withPostgreSQL replaces the documented database by an empty one of this machine.
func (r *pageRun) withPostgreSQL(t *testing.T) *pageRun {
	t.Helper()

	address, err := url.Parse(testserver.PostgreSQL(t))
	require.NoError(t, err)

	r.addresses["127.0.0.1:5432/shop"] = address.Host + address.Path

	return r
}

func TestTutorialFirstJob(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/tutorials/first-job.md").withExamples(t).run(t)
}

func TestTutorialCSVToPostgreSQL(t *testing.T) {
	t.Parallel()
	newPageRun(t, "docs/tutorials/csv-to-postgresql.md").withPostgreSQL(t).run(t)
}

func TestTutorialCallFromNode(t *testing.T) {
	t.Parallel()
	requireProgram(t, "node")
	newPageRun(t, "docs/tutorials/call-from-node.md").withExamples(t).run(t)
}

func TestTutorialNightly(t *testing.T) {
	t.Parallel()
	requireProgram(t, "systemd-analyze")
	newPageRun(t, "docs/tutorials/nightly.md").withExamples(t).run(t)
}

// requireProgram skips the test on a machine without a program, but not in continuous integration.
func requireProgram(t *testing.T, name string) {
	t.Helper()

	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("%s is not installed", name)
	}

	require.NoError(t, err)
}
