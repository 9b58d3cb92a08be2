package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Source is an open connection to the data that a [Definition] describes. Many goroutines may use it at once. A source also
// implements the interfaces of the operations that it supports, such as [Reader], [Querier] and [Writer]. Errors of a source
// are of type [*Error]; the error of a cancelled context is returned unchanged.
type Source interface {
	io.Closer

	// Check connects and returns one line about the source: the server, its version, and the number of tables.
	Check(ctx context.Context) (string, error)
}

// Reader is a source whose tables can be read whole.
type Reader interface {
	Source

	// ReadTable streams the records of one table. If the source supports it, reading does not block writers, and the records
	// are those of one moment.
	ReadTable(ctx context.Context, read Read) (Rows, error)
}

// Querier is a source that answers queries in a language of its own.
type Querier interface {
	Source

	// Query streams the records that a query returns. It runs the query in a read-only transaction; functions that the query
	// calls may have effects outside of it. bind contains the values of the parameters :name in the query, each a string, int64,
	// float64, [Number], bool or nil, and the names of the parameters :"name", which the source quotes. A parameter without a
	// value is an error, and so is a value without a parameter.
	Query(ctx context.Context, query string, bind map[string]any) (Rows, error)
}

// Writer is a source whose tables can be written.
type Writer interface {
	Source

	// WriteTable writes rows to a table atomically. It reads rows to their end and does not close them.
	WriteTable(ctx context.Context, write Write, rows Rows) (Written, error)
}

// Copier is a [Writer] that can copy a table from another source faster than record by record, because both sources store the
// same bytes.
type Copier interface {
	Writer

	// CopyTable has the same effect as reading the table and writing it. If the source can't copy the table, copied is false and
	// nothing has changed. CopyTable calls progress with the number of records and the extent that it has copied so far.
	CopyTable(ctx context.Context, from Reader, read Read, write Write, progress func(rows int64, of Extent)) (
		written Written, copied bool, err error)
}

// DecimalLimiter is a [Writer] whose numbers have fewer digits than a decimal can have. It stores decimals with a larger
// precision, or without one, as text, which its queries do not compare as numbers.
type DecimalLimiter interface {
	Writer

	// DecimalDigits returns the largest precision of decimals that are stored as numbers.
	DecimalDigits() int
}

// Dropper is a source whose tables can be dropped.
type Dropper interface {
	Source

	// DropTable drops a table. A table that does not exist is not an error: an earlier attempt may have dropped it.
	DropTable(ctx context.Context, table Table) error
}

// FileDropper is a [Dropper] whose tables are files, which other programs may replace or extend after they were read.
type FileDropper interface {
	Dropper

	// DropFile drops a file like DropTable, but only in the version that was read. It reports whether another version exists,
	// which it does not drop.
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

	// Execute runs the statements of a script in order, in one transaction if the source supports that, and returns the number
	// of records that they changed. An error contains the number of the statement and the line on which it begins.
	Execute(ctx context.Context, script Script) (int64, error)
}

// Definition describes a source, as an app declares it.
type Definition struct {
	Name    string         // The source's name in the scenarios of the app.
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

// Refuse returns an [*Error] with [CodeDefinitionInvalid] and the message of err. The hint may be empty.
func (d Definition) Refuse(err error, hint string) error {
	return &Error{
		Code: CodeDefinitionInvalid, Source: d.Name, Message: err.Error(), Err: err,
		Hint: cmp.Or(hint, "correct the source in app.yaml"),
	}
}

// Place contains the folders of an app on this machine.
type Place struct {
	AppDir  string // The folder with the files that the app's author ships.
	DataDir string // The folder in which the app's sources may store data.

	// The folders that no source may reach; see package guard. They are empty if there are none.
	AppsDir    string // The folder with all apps.
	SecretsDir string // The folder with the files of secrets.
}

// Open connects to the source that definition describes.
type Open func(ctx context.Context, definition Definition, place Place) (Source, error)

// Drivers maps each kind of source to the function that opens a source of that kind.
type Drivers map[string]Open

// Open connects to the source that definition describes, with the driver of its kind.
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
