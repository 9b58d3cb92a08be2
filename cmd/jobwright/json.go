package main

import (
	"encoding/json"
	"io"
)

// printJSON prints a value as indented JSON, the form of every --json.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")

	return encoder.Encode(value)
}
