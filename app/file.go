package app

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jobwright/jobwright/scenario/validation"
)

// fileStamp identifies a version of a file without reading it.
type fileStamp struct {
	info  fs.FileInfo // nil if there is no such file.
	exact bool        // Whether a later change of the file has a different stamp.
}

// coarseTime is the longest time in which two changes of a file can have the same modification time. It is that of FAT; other
// file systems are more exact.
const coarseTime = 2 * time.Second

func stampOfFile(info fs.FileInfo) fileStamp {
	return fileStamp{info: info, exact: time.Since(info.ModTime()) > coarseTime}
}

// matches reports whether the file certainly has not changed between the stamps.
func (s fileStamp) matches(later fileStamp) bool {
	if s.info == nil || later.info == nil {
		return s.info == nil && later.info == nil
	}

	return s.exact && os.SameFile(s.info, later.info) && s.info.Size() == later.info.Size() &&
		s.info.ModTime().Equal(later.info.ModTime())
}

// isMissing reports whether err means that a file does not exist, or that no file can have its name.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// folder is the folder of an app, from which paths are relative.
type folder interface {
	Stat(path string) (fs.FileInfo, error)
	ReadFile(path string) ([]byte, error)
}

// linkedFolder is a folder which links may leave. An [os.Root] is one which they can't.
type linkedFolder string

// Stat describes a file.
func (f linkedFolder) Stat(path string) (fs.FileInfo, error) {
	return os.Stat(filepath.Join(string(f), path))
}

// ReadFile reads a file.
func (f linkedFolder) ReadFile(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), path)) //nolint:gosec // Callers check the path.
}

// root returns the app's folder as one which links can't leave. The caller closes it.
func (a *App) root() (*os.Root, error) {
	root, err := os.OpenRoot(a.Dir)
	if err != nil {
		return nil, fmt.Errorf("app %s can't be read: %w", a.ID, err)
	}

	return root, nil
}

// stampOfPath returns the stamp of a file. A missing file has a stamp too.
func stampOfPath(in folder, path string) (fileStamp, error) {
	info, err := in.Stat(path)

	switch {
	case isMissing(err):
		return fileStamp{}, nil
	case err != nil:
		return fileStamp{}, err
	}

	return stampOfFile(info), nil
}

// fileVersion is the version of a file that was read, or the fact that there was none.
type fileVersion struct {
	path     string
	isScript bool // Whether it must be within the app's folder.
	stamp    fileStamp
	sum      [sha256.Size]byte // Of its text.
}

// update reports whether the file of the app still has this version. If its stamp does not prove that, update compares the text
// and replaces the stamp.
func (v *fileVersion) update(of *App) (isCurrent, isReplaced bool) {
	in := folder(linkedFolder(of.Dir))

	if v.isScript {
		root, err := of.root()
		if err != nil {
			return false, false
		}
		defer root.Close() //nolint:errcheck // It was only read.

		in = root
	}

	stamp, err := stampOfPath(in, v.path)

	switch {
	case err != nil:
		return false, false
	case v.stamp.matches(stamp):
		return true, false
	case v.stamp.info == nil || stamp.info == nil:
		return false, false
	}

	text, err := in.ReadFile(v.path)
	if err != nil || sha256.Sum256(text) != v.sum {
		return false, false
	}

	v.stamp = stamp

	return true, true
}

// reader reads scenarios and script files of an app, and records their versions.
type reader struct {
	app  *App
	read []fileVersion
}

// library returns the app's scenarios and files. Their versions are recorded when they are read.
func (r *reader) library() (validation.Library, error) {
	names, err := r.app.ScenarioNames()

	return validation.Library{
		Names: names, Load: r.load, ReadFile: r.scriptFile, Environment: r.app.Environment(),
	}, err
}

// load reads a scenario that another one runs.
func (r *reader) load(name string) (validation.Document, error) {
	found, err := r.scenario(name)
	if errors.Is(err, ErrNotFound) {
		err = validation.ErrUnknown
	}

	return found, err
}

// scenario reads and validates a scenario; see [App.Scenario].
func (r *reader) scenario(name string) (validation.Document, error) {
	file, text, err := r.scenarioFile(name)
	if err != nil {
		return validation.Document{}, err
	}

	return validation.Parse(file, text, r.app.Environment())
}

// scenarioFile reads the file of a scenario, and returns its path with slashes; see [App.ScenarioFile].
func (r *reader) scenarioFile(name string) (file string, text []byte, err error) {
	if !pathName.MatchString(name) {
		return "", nil, ErrNotFound
	}

	for _, extension := range scenarioExtensions {
		file := filepath.Join("scenarios", name+extension)
		if IsTest(file) {
			continue
		}

		text, err := r.file(linkedFolder(r.app.Dir), file)
		if isMissing(err) {
			continue
		}

		if err != nil {
			return "", nil, fmt.Errorf("app %s, scenario %s can't be read: %w", r.app.ID, name, err)
		}

		return filepath.ToSlash(file), text, nil
	}

	return "", nil, ErrNotFound
}

// scriptFile reads a file that a step runs. It rejects paths outside the app's folder.
func (r *reader) scriptFile(path string) (string, error) {
	root, err := r.app.root()
	if err != nil {
		return "", err
	}
	defer root.Close() //nolint:errcheck // It was only read.

	text, err := r.file(root, filepath.FromSlash(path))
	if err != nil {
		return "", validation.ErrUnknown // It does not exist, is outside the folder, or is a folder.
	}

	return string(text), nil
}

// file reads a file and records its version.
func (r *reader) file(in folder, path string) ([]byte, error) {
	stamp, err := stampOfPath(in, path) // Before the text is read: a change in between has a later stamp.
	if err != nil {
		return nil, err
	}

	_, isScript := in.(*os.Root)
	version := fileVersion{path: path, isScript: isScript, stamp: stamp}

	if stamp.info == nil {
		r.read = append(r.read, version)

		return nil, fs.ErrNotExist
	}

	text, err := in.ReadFile(path)
	if err != nil {
		return nil, err
	}

	version.sum = sha256.Sum256(text)
	r.read = append(r.read, version)

	return text, nil
}
