package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Source is an open connection to the data that a [Definition] names; many goroutines may use it at once. What else it
// can do, it tells by also being a [Reader], a [Querier], a [Writer] and so on. Every error that a source returns for a
// reason it understands is an [*Error]; the end of a context is returned as it is.
type Source interface {
	io.Closer

	// Check connects, and says in one line what it found: which server, of which version, and how many tables.
	Check(ctx context.Context) (string, error)
}

// Reader is a source whose tables can be read whole.
type Reader interface {
	Source

	// ReadTable streams the records of one table. Reading it holds neither up those who write to the table nor shows what
	// they write meanwhile, where the source can do that.
	ReadTable(ctx context.Context, read Read) (Rows, error)
}

// Querier is a source that answers queries in a language of its own.
type Querier interface {
	Source

	// Query streams the records that a query returns. It changes nothing in the source. A value of bind takes the place
	// of the parameter :name in the query; it is a string, int64, float64, bool or nil. A parameter that bind does not
	// have is an error, and so is a value that the query does not use.
	Query(ctx context.Context, query string, bind map[string]any) (Rows, error)
}

// Writer is a source that tables can be written to.
type Writer interface {
	Source

	// WriteTable writes rows to a table, at once or not at all. It reads rows to their end and does not close them.
	WriteTable(ctx context.Context, write Write, rows Rows) (Written, error)
}

// Copier is a [Writer] that can take a table from another source faster than record by record, because both hold the same
// bytes.
type Copier interface {
	Writer

	// CopyTable does what reading the table and writing it would do, or reports that it can't copy it and has done
	// nothing. It tells progress how many records and bytes it has copied so far.
	CopyTable(ctx context.Context, from Reader, read Read, write Write, progress func(rows, bytes int64)) (
		written Written, copied bool, err error)
}

// Dropper is a source whose tables can be removed.
type Dropper interface {
	Source

	// DropTable removes a table. That there is none is no error: an earlier attempt may have removed it.
	DropTable(ctx context.Context, table Table) error
}

// FileDropper is a [Dropper] whose tables are files: others may put another one into the place of one that was read, or add
// to it, and nothing keeps them from that.
type FileDropper interface {
	Dropper

	// DropFile removes a file, as DropTable does, but only in the version that was read. It reports whether another version
	// is there, which stays.
	DropFile(ctx context.Context, read Part) (isOther bool, err error)
}

// Describer is a source that reports the columns of a table without reading the table.
type Describer interface {
	Source

	// Describe returns the columns of a table, as the Schema of [Reader.ReadTable] would return them. format is the format of
	// a table whose source has files. If the column types depend on the records, Describe reads the first of them. A table
	// that does not exist is an [*Error] with [CodeTableNotFound].
	Describe(ctx context.Context, table Table, format Format) (Schema, error)
}

// Overlapper is a source in which different names may mean the same table, or a table may contain another one. Tables of
// all other sources overlap only if they are equal.
type Overlapper interface {
	Source

	// Overlaps reports whether a and b have records in common, so that writing one of them changes the other: they are the
	// same table, or one is a pattern of files that matches the other. The tables need not exist. The order of a and b makes
	// no difference.
	Overlaps(ctx context.Context, a, b Table) (bool, error)
}

// Executor is a source that runs scripts in a language of its own.
type Executor interface {
	Source

	// Execute runs the statements of a script in order, all of them or none where the source can do that, and returns how
	// many records they changed. An error names the statement and the line on which it begins.
	Execute(ctx context.Context, script Script) (int64, error)
}

// Definition is a source as an app declares it.
type Definition struct {
	Name    string         // The name by which scenarios of the app call it.
	Kind    string         // The key of its driver in [Drivers], for example "SQLiteSource".
	Options map[string]any // The options of its driver, which documents them.

	// Secrets are the values of the secrets in Options, so that the driver can remove them from messages. They are empty until
	// the references to secrets in Options have been resolved, by package secret.
	Secrets []string
}

// Decode stores the options into the struct that options points to, by its JSON tags. An option that the struct does not
// have is an error, so that misspelt options are reported. References to secrets must have been resolved before.
func (d Definition) Decode(options any) error {
	encoded, err := json.Marshal(d.Options)
	if err != nil {
		return d.Invalid(err)
	}

	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()

	if err := decoder.Decode(options); err != nil {
		return d.Invalid(err)
	}

	return nil
}

// Invalid returns an [*Error] with [CodeDefinitionInvalid] whose cause is err.
func (d Definition) Invalid(err error) error {
	return &Error{
		Code:    CodeDefinitionInvalid,
		Source:  d.Name,
		Message: fmt.Sprintf("the options of this %s are wrong: %s", d.Kind, strings.TrimPrefix(err.Error(), "json: ")),
		Hint:    "correct the source in app.yaml",
		Err:     err,
	}
}

// Place says where on this machine an app may find and keep its files.
type Place struct {
	AppDir  string // The app's own folder, with the files that its author ships.
	DataDir string // The folder in which the app's sources may keep data.
}

// Open connects to the source that definition describes.
type Open func(ctx context.Context, definition Definition, place Place) (Source, error)

// Drivers maps each kind of source to the function that opens one.
type Drivers map[string]Open

// Open connects to the source that definition describes, by the driver of its kind.
func (d Drivers) Open(ctx context.Context, definition Definition, place Place) (Source, error) {
	open, ok := d[definition.Kind]
	if !ok {
		return nil, &Error{
			Code:    CodeDefinitionInvalid,
			Source:  definition.Name,
			Message: fmt.Sprintf("there is no kind of source named %q", definition.Kind),
			Hint:    "this worker knows " + strings.Join(slices.Sorted(maps.Keys(d)), ", "),
		}
	}

	return open(ctx, definition, place)
}
