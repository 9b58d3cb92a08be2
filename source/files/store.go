package files

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/jobwright/jobwright/source/format"
)

// Store stores files under names whose parts are separated by slashes. All names that are passed to it satisfy
// [io/fs.ValidPath]. A Store is safe for concurrent use. Its errors, and those of its files and drafts, are either of type
// [*github.com/jobwright/jobwright/source.Error], without a source and a table, or the unchanged error of a context.
type Store interface {
	fmt.Stringer // A description for messages: the folder "files".
	io.Closer

	// List returns the names of the files that begin with prefix, in the order of their bytes. It includes files in
	// subfolders only if deep is true. It is not an error if no name has the prefix.
	List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error]

	// Open opens a file for reading. Replacing the file does not change what is read. The context must last until the file is
	// closed. If the file does not exist, the error has the code [github.com/jobwright/jobwright/source.CodeTableNotFound].
	Open(ctx context.Context, name string) (format.File, error)

	// Create starts writing a file, which replaces an existing file of that name. The context must last until the draft is
	// committed or aborted.
	Create(ctx context.Context, name string) (Draft, error)

	// Supersede starts writing a file whose content is derived from the existing one: a file that Open returned, closed or not,
	// or nil if none exists. If the existing file has changed by the time of the commit, Commit returns a retryable error and
	// changes nothing.
	Supersede(ctx context.Context, name string, old format.File) (Draft, error)

	// Version identifies the content of a file that Open returned: no other file of this name, now or later, has the same
	// version. It is empty if the store has no versions.
	Version(file format.File) string

	// Delete removes a file. It is not an error if the file does not exist.
	Delete(ctx context.Context, name string) error

	// DeleteVersion removes a file if it has the given version, and reports whether the existing file has another version.
	DeleteVersion(ctx context.Context, name, version string) (isOther bool, err error)
}

// Draft is a file that is being written. It is invisible until it is committed, also after a crash.
type Draft interface {
	io.Writer

	// Commit puts the file in place atomically, and returns when it would survive a loss of power. The draft can't be used
	// afterwards, even if Commit fails.
	Commit() error

	// Abort removes everything that was written. After a Commit it does nothing.
	Abort() error
}
