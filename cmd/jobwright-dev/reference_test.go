package main

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/jobwright/jobwright/internal/cli/clitest"
)

var update = flag.Bool("update", false, "write the generated section of docs/cli.md")

func TestReferenceDescribesCommands(t *testing.T) { //nolint:paralleltest // It may write the page.
	clitest.RequireSection(t, filepath.Join("..", "..", "docs", "cli.md"), command(), *update)
}
