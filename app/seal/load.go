package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Variable is the environment variable with the keys.
const Variable = "JOBWRIGHT_SECRET_KEY"

// Load returns the keys in a file or, if file is empty, in the environment variable [Variable], which it removes from the
// environment of the process: an app could otherwise read it as a secret of a source. Without either, the result has no key.
func Load(file string) (Keys, error) {
	text := os.Getenv(Variable)
	if err := os.Unsetenv(Variable); err != nil {
		return Keys{}, err
	}

	origin := Variable

	if file != "" {
		content, err := os.ReadFile(file) //nolint:gosec // The operator names the file.
		if err != nil {
			return Keys{}, fmt.Errorf("--secret-key-file: %w", err)
		}

		text, origin = string(content), "--secret-key-file "+file
	}

	if file == "" && text == "" {
		return Keys{}, nil
	}

	keys, err := Parse(text)
	if err != nil {
		return Keys{}, fmt.Errorf("%s: %w", origin, err)
	}

	return keys, nil
}

// LoadOrCreate returns the keys in a file. A file that is missing is created with a new key, for its owner only.
func LoadOrCreate(file string) (Keys, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := create(file); err != nil {
			return Keys{}, err
		}
	}

	return Load(file)
}

// create writes a new key. The file gets its name when it is complete.
func create(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}

	unfinished := file + ".new"
	if err := os.WriteFile(unfinished, []byte(New()+"\n"), 0o600); err != nil {
		return err
	}

	return os.Rename(unfinished, file)
}
