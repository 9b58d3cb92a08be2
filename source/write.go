package source

import (
	"fmt"
	"slices"
	"strings"
)

// Mode says how a write changes the table that exists.
type Mode string

// The modes of a [Write]. Every write is atomic: readers of the table see all of it or nothing, also after a crash.
const (
	Replace Mode = "replace" // The table is replaced by one with exactly the columns and records that are written.
	Refill  Mode = "refill"  // The table keeps its definition; its records are replaced. A missing table is created.
	Append  Mode = "append"  // The records are added to the table. A missing table is created.
	Upsert  Mode = "upsert"  // The records are added, or replace the records with the same key. A missing table is created.
	Insert  Mode = "insert"  // The records are added to the table, which must exist.
	Update  Mode = "update"  // The records of the table with the same key take the values that are written.
	Delete  Mode = "delete"  // The records of the table with the same key are removed.
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{Replace, Refill, Append, Upsert, Insert, Update, Delete} }

// Keyed reports whether a write in this mode identifies records by a key.
func (m Mode) Keyed() bool { return m == Upsert || m == Update || m == Delete }

// Creates reports whether a write in this mode creates a table that does not exist.
func (m Mode) Creates() bool { return m == Replace || m == Refill || m == Append || m == Upsert }

// Write describes a write to a table. Columns of an existing table are identified by their names: a column that the table
// does not have is an error, and a column that is not written takes its default. A value that the column can't store without
// loss is an error, which names the column and the value. Empty text is not NULL.
type Write struct {
	Table Table
	Mode  Mode
	Key   []string // The columns that identify a record in a [Mode.Keyed] mode. Without them, a delete uses all columns.

	Format Format // The format of the table, if the source has files.

	// IdempotencyKey is the key under which a [Ledger] records the write.
	IdempotencyKey IdempotencyKey

	// Files, if it is not nil, returns the files from which the rows have been read, for the record in the ledger: by the next
	// attempt, other files may have taken their places. It is called after the last row.
	Files func() []Part

	// Rejected, if it is not nil, returns the number of records that were rejected while the rows were read, for the record in
	// the ledger. It is called after the last row.
	Rejected func() int64
}

// Written is the result of a write.
type Written struct {
	Rows int64 // The number of records that were written, changed or removed.

	// Conversions are the columns that the target stores in another type, because it has no type like theirs. The values are
	// complete, but look different when they are read again.
	Conversions []Conversion

	// Rejected is the number that [Write.Rejected] has returned, to this attempt or to the earlier one that has made the record.
	Rejected int64

	// Read are the files that [Write.Files] has returned, to this attempt or to the earlier one that has made the record.
	Read []Part
}

// Conversion is a column whose type a target does not have, or whose type was inferred.
type Conversion struct {
	Column string `json:"column" description:"The name of the column."`
	From   string `json:"from" description:"The type in the source."`
	To     string `json:"to" description:"The type in the target."`
	Note   string `json:"note,omitempty" description:"Why the column does not have another type, if that is not clear."`
}

// ConvertedTo describes a column that has the type to in the target.
func (c Column) ConvertedTo(to string) Conversion {
	return Conversion{Column: c.Name, From: c.String(), To: to}
}

// ConvertedToText returns the columns that are not text, for a target in which all columns are text.
func (s Schema) ConvertedToText() (conversions []Conversion) {
	for _, column := range s {
		if column.Type != Text {
			conversions = append(conversions, column.ConvertedTo(string(Text)))
		}
	}

	return conversions
}

// Recorded returns written with the files that the rows have been read from, and with the number of rejected records.
func (w Write) Recorded(written Written) Written {
	if w.Rejected != nil {
		written.Rejected = w.Rejected()
	}

	if w.Files != nil {
		written.Read = slices.Clone(w.Files())
	}

	return written
}

// Names are the rules of a database for names of tables and columns.
type Names struct {
	FoldCase bool // Whether names that differ only in case are the same.
	MaxBytes int  // The longest name; 0 if the database itself rejects long ones.
}

// fold returns a text that is the same for names that are the same.
func (n Names) fold(name string) string {
	if !n.FoldCase {
		return name
	}

	return strings.ToLower(strings.ToUpper(name)) // Like strings.EqualFold: ſ is s, and K is k.
}

// valid reports whether a table or column can have that name.
func (n Names) valid(name string) bool {
	return name != "" && !strings.ContainsRune(name, 0) && (n.MaxBytes == 0 || len(name) <= n.MaxBytes)
}

// Validate checks a write of columns, apart from its target, and returns the key in the spelling of columns. Drivers of SQL
// databases call it after they have looked up the idempotency key: the write may be recorded already, and its rows gone. The
// errors lack the source's name.
func (w Write) Validate(columns Schema, names Names) (key []string, err error) {
	if !slices.Contains(Modes(), w.Mode) {
		return nil, w.invalid(CodeOperationUnsupported, fmt.Sprintf("the write mode %q does not exist", w.Mode), "")
	}

	if !names.valid(w.Table.Name) {
		return nil, w.invalidName("table", w.Table.Name, names)
	}

	if len(columns) > MaxColumns {
		return nil, TooManyColumns().Locate("", w.Table)
	}

	written := make(map[string]string, len(columns))

	for _, column := range columns {
		if !names.valid(column.Name) {
			return nil, w.invalidName("column", column.Name, names)
		}

		if _, isTwice := written[names.fold(column.Name)]; isTwice {
			return nil, w.invalid(CodeRecordInvalid, fmt.Sprintf("two columns are named %q", column.Name), "rename one of them")
		}

		written[names.fold(column.Name)] = column.Name
	}

	if !w.Mode.Keyed() {
		return nil, nil
	}

	return w.validateKey(columns, written, names)
}

// validateKey checks the key of a write. written contains the columns by their folded names.
func (w Write) validateKey(columns Schema, written map[string]string, names Names) (key []string, err error) {
	if len(w.Key) == 0 && w.Mode == Delete {
		key = columns.Names()
	}

	for _, name := range w.Key {
		column, isWritten := written[names.fold(name)]
		if !isWritten {
			return nil, w.invalid(CodeRecordInvalid, fmt.Sprintf("the column %q of the key is not written", name),
				"the columns that are written are "+strings.Join(columns.Names(), ", "))
		}

		if !slices.Contains(key, column) {
			key = append(key, column)
		}
	}

	switch {
	case len(key) == 0:
		return nil, w.invalid(CodeRecordInvalid, fmt.Sprintf("the write mode %q requires a key", w.Mode),
			"name the columns that identify a record")
	case w.Mode == Update && len(key) == len(columns):
		return nil, w.invalid(CodeRecordInvalid, "there is nothing to update: all columns belong to the key",
			"write further columns")
	}

	return key, nil
}

// Target describes the existing table of a write.
type Target struct {
	Kind      string   // What it is if it is not a table, for example "view"; empty for a table.
	Columns   []string // The names of all columns.
	Generated []string // The columns whose values the database computes.
}

// Add adds a column. generated says whether the database computes its values.
func (t *Target) Add(column string, generated bool) {
	t.Columns = append(t.Columns, column)

	if generated {
		t.Generated = append(t.Generated, column)
	}
}

// ValidateTarget checks a write of columns against its table, which is nil if it does not exist. Like [Write.Validate], it is
// called after the idempotency key has been looked up, and its errors lack the source's name.
func (w Write) ValidateTarget(columns Schema, target *Target, names Names) error {
	switch {
	case target == nil && w.Mode.Creates():
		return nil
	case target == nil:
		return TableNotFound("", w.Table)
	case target.Kind != "":
		return w.invalid(CodeOperationUnsupported, fmt.Sprintf("the target is a %s; only tables can be written to", target.Kind),
			"write to the table behind it")
	case w.Mode == Replace:
		return nil
	}

	exists := make(map[string]bool, len(target.Columns))
	for _, name := range target.Columns {
		exists[names.fold(name)] = true
	}

	generated := make(map[string]bool, len(target.Generated))
	for _, name := range target.Generated {
		generated[names.fold(name)] = true
	}

	for _, column := range columns {
		switch name := names.fold(column.Name); {
		case !exists[name]:
			return w.invalid(CodeRecordInvalid, fmt.Sprintf("the table has no column %q", column.Name),
				"its columns are "+strings.Join(target.Columns, ", "))
		case generated[name] && w.Mode != Delete:
			return w.invalid(CodeRecordInvalid, fmt.Sprintf("the database computes the column %q", column.Name),
				"do not write the column")
		}
	}

	return nil
}

func (w Write) invalid(code Code, message, hint string) error {
	return &Error{Code: code, Table: w.Table.String(), Message: message, Hint: hint}
}

func (w Write) invalidName(kind, name string, names Names) error {
	hint := "use a name that is not empty and does not contain the character U+0000"
	if names.MaxBytes > 0 {
		hint = fmt.Sprintf("use a name of 1 to %d bytes without the character U+0000", names.MaxBytes)
	}

	return w.invalid(CodeRecordInvalid, fmt.Sprintf("%q is not a valid name of a %s", name, kind), hint)
}
