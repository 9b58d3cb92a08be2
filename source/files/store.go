package files

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/jobwright/jobwright/source/format"
)

// Store keeps files under names whose parts are separated by slashes. The names that it is given are clean, as
// [io/fs.ValidPath] has it. Many goroutines may use it at once. Its errors, and those of its files and drafts, are each a
// [*github.com/jobwright/jobwright/source.Error] without a source and a table, or the end of a context as it is.
type Store interface {
	fmt.Stringer // What it is, for a message: the folder "files".
	io.Closer

	// List returns the names of the files that begin with prefix, in the order of their bytes. Files in folders below the
	// one that the prefix ends in are among them only when deep is true. A prefix that nothing begins with is no error.
	List(ctx context.Context, prefix string, deep bool) iter.Seq2[string, error]

	// Open opens a file for reading. It is read as it is at this moment, whatever is put into its place meanwhile. The
	// context has to last until the file is closed. That there is no such file is an error with
	// [github.com/jobwright/jobwright/source.CodeTableNotFound].
	Open(ctx context.Context, name string) (format.File, error)

	// Create begins a file, which takes the place of the one of its name, if there is one. The context has to last until
	// the draft is committed or aborted.
	Create(ctx context.Context, name string) (Draft, error)

	// Supersede begins a file, as Create does, whose content rests on what stood there before: a file as Open returned it,
	// closed or not, or nothing, if old is nil. When there is something else by the time it is committed, that is a retryable
	// error, and nothing changes.
	Supersede(ctx context.Context, name string, old format.File) (Draft, error)

	// Version tells a file as Open returned it from all others of its name, then and later. It is empty where the store can't
	// tell.
	Version(file format.File) string

	// Delete removes a file. That there is none is no error.
	Delete(ctx context.Context, name string) error

	// DeleteVersion removes a file while it is of that version, and reports whether one of another version is there.
	DeleteVersion(ctx context.Context, name, version string) (isOther bool, err error)
}

// Draft is a file that is being written. Nobody sees anything of it before it is committed, also after a crash.
type Draft interface {
	io.Writer

	// Commit puts the file at its place, at once, and returns when it would survive a loss of power. The draft is at its end
	// then, whether there is an error or not.
	Commit() error

	// Abort removes what was written. After a Commit it does nothing.
	Abort() error
}
