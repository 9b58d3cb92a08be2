package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyFile is the name of the file with the key in the data folder.
const keyFile = "key"

// openKey returns the API key of the data folder, and creates it at the first start. Only the user can read the file.
func openKey(dataDir string) (string, error) {
	path := filepath.Join(dataDir, keyFile)

	read, err := os.ReadFile(path) //nolint:gosec // The user chose the folder.
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}

	if key := strings.TrimSpace(string(read)); key != "" {
		return key, nil
	}

	// A process that dies here leaves no incomplete key.
	key, unfinished := rand.Text(), path+".new"
	if err := os.WriteFile(unfinished, []byte(key+"\n"), 0o600); err != nil {
		return "", err
	}

	return key, os.Rename(unfinished, path)
}
