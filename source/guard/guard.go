// Package guard refuses paths of sources through which a job could change the definition of an app, or read secrets. It also
// removes the paths of this machine from errors.
//
// The definition of an app is its file app.yaml and its folders scenarios and scripts. A source may use all other folders of an
// app. Symbolic links are followed, and names that differ only in case count as equal, because some file systems treat them so.
package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// The parts of an app's folder that define the app.
const (
	manifest  = "app.yaml"
	scenarios = "scenarios"
	scripts   = "scripts"
)

// processes is the folder in which Linux shows the environment of processes, and so their secrets.
const processes = "/proc"

// Hint is the remedy for the errors of this package.
const Hint = "choose a folder outside of the definitions of apps, for example the folder data beside an app.yaml"

// Folder returns an error if a source that reads and writes the files of a folder could reach the definition of an app, or
// secrets: the folder is, contains or lies in one of them. The folder need not exist.
func Folder(place source.Place, folder string) error {
	target := resolve(folder)

	for _, secrets := range []string{place.SecretsDir, processes} {
		if secrets != "" && overlap(target, resolve(secrets)) {
			return errors.New("its path leads to secrets")
		}
	}

	if place.AppsDir == "" {
		return nil
	}

	apps := resolve(place.AppsDir)

	switch {
	case contains(target, apps):
		return errors.New("its path contains the folder of all apps, so that a job could change their definitions")
	case filepath.Dir(target) == apps:
		return errors.New("its path is the folder of an app, so that a job could change the app's definition")
	}

	return eachDefinition(place.AppsDir, func(app string, defined string) error {
		if overlap(target, defined) {
			return fmt.Errorf("its path leads to the definition of app %s, which a job could change", app)
		}

		return nil
	})
}

// File returns an error if a source that writes a single file would write a part of the definition of an app.
func File(place source.Place, file string) error {
	if place.AppsDir == "" {
		return nil
	}

	target := resolve(file)

	if filepath.Base(target) == manifest && filepath.Dir(filepath.Dir(target)) == resolve(place.AppsDir) {
		return errors.New("its path is the definition of an app")
	}

	return eachDefinition(place.AppsDir, func(app string, defined string) error {
		if contains(defined, target) {
			return fmt.Errorf("its path is in the definition of app %s", app)
		}

		return nil
	})
}

// eachDefinition calls check with the resolved paths of everything that defines an app of the folder. It follows the links in
// the folders of scenarios and scripts, and ends at the first error.
func eachDefinition(apps string, check func(app, defined string) error) error {
	entries, err := os.ReadDir(apps)
	if err != nil {
		return errors.New("the folder of all apps can't be read, and so can't be compared with its path")
	}

	for _, entry := range entries {
		folder := filepath.Join(apps, entry.Name())
		defined := []string{
			filepath.Join(folder, manifest), filepath.Join(folder, scenarios), filepath.Join(folder, scripts),
		}

		for _, inner := range slices.Clone(defined[1:]) {
			files, _ := os.ReadDir(inner) // Not every app has both folders.
			for _, file := range files {
				if file.Type()&os.ModeSymlink != 0 {
					defined = append(defined, filepath.Join(inner, file.Name()))
				}
			}
		}

		for _, path := range defined {
			if err := check(entry.Name(), resolve(path)); err != nil {
				return err
			}
		}
	}

	return nil
}

// resolve returns the absolute path to which links lead, in lower case. If the end of the path does not exist, the links before
// it are followed.
func resolve(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return strings.ToLower(filepath.Clean(path))
	}

	existing, rest := absolute, ""

	for {
		if target, err := filepath.EvalSymlinks(existing); err == nil {
			return strings.ToLower(filepath.Join(target, rest))
		}

		parent := filepath.Dir(existing)
		if parent == existing {
			return strings.ToLower(absolute)
		}

		existing, rest = parent, filepath.Join(filepath.Base(existing), rest)
	}
}

// overlap reports whether one of two resolved paths contains the other, or both are the same.
func overlap(a, b string) bool { return contains(a, b) || contains(b, a) }

// contains reports whether a resolved path is the folder, or in it.
func contains(folder, path string) bool {
	relative, err := filepath.Rel(folder, path)

	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// WithoutPath returns an error of the file system without the paths of this machine, which callers must not see.
func WithoutPath(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}

	if linkError, ok := errors.AsType[*os.LinkError](err); ok {
		return linkError.Err
	}

	return err
}
