package cli

import (
	"io"
	"os"
)

// ReadInput returns the content of a file that the user has named; "-" is the standard input.
func ReadInput(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}

	return os.ReadFile(path) //nolint:gosec // The user chose the file.
}
