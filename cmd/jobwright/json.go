package main

import (
	"io"

	"github.com/jobwright/jobwright/internal/cli/view"
)

// printJSON prints a value as indented JSON, the form of every --json.
func printJSON(out io.Writer, value any) error { return view.Output{Out: out}.JSON(value) }
