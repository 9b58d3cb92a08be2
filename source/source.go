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

// Source is an open connection to the data that a [Definition] names. What else it can do, it tells by also being a
// [Reader], a [Querier] or a [Writer]. Every error that a source returns for a reason it understands is an [*Error].
type Source interface {
	io.Closer
}

// Reader is a source whose tables can be read whole.
type Reader interface {
	Source

	// ReadTable streams the records of one table.
	ReadTable(ctx context.Context, table string) (Rows, error)
}

// Querier is a source that answers queries in a language of its own.
type Querier interface {
	Source

	// Query streams the records that a query returns. It changes nothing in the source. A value of bind takes the place
	// of the parameter :name in the query; it is a string, int64, float64, bool or nil.
	Query(ctx context.Context, query string, bind map[string]any) (Rows, error)
}

// Writer is a source that tables can be written to.
type Writer interface {
	Source

	// ReplaceTable makes the table hold exactly the records of rows and returns their number. It happens at once: whoever
	// reads the table meanwhile, or after a crash, sees either the old table or the new one.
	ReplaceTable(ctx context.Context, table string, rows Rows) (int64, error)
}

// Definition is a source as an app declares it.
type Definition struct {
	Name    string         // The name by which scenarios of the app call it.
	Kind    string         // The key of its driver in [Drivers], for example "SQLiteSource".
	Options map[string]any // What its driver asks for; the driver documents the keys.
}

// Decode stores the definition's options into the struct that options points to, by its JSON tags. An option that the
// struct does not know is an error, so that a misspelt one is not ignored.
func (d Definition) Decode(options any) error {
	encoded, err := json.Marshal(d.Options)
	if err != nil {
		return d.invalid(err)
	}

	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()

	if err := decoder.Decode(options); err != nil {
		return d.invalid(err)
	}

	return nil
}

func (d Definition) invalid(err error) error {
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
