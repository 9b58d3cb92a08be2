package source

// Table names a table of a source.
type Table struct {
	// The part of the source that it stands in, where there are such: a schema of PostgreSQL's, for example.
	Space string `json:"space,omitempty"`
	Name  string `json:"name"`
}

// String names the table as a message does.
func (t Table) String() string {
	if t.Space == "" {
		return t.Name
	}

	return t.Space + "." + t.Name
}

// Read says what is to be read of a source, and how.
type Read struct {
	Table  Table
	Format Format // Of sources whose tables are files.

	// Types are the types that [Convert] is to give to columns of these names. A reader that would learn a type from the
	// first values of such a column gives it this one itself, or one that holds all that may follow.
	Types map[string]Standard

	// Reject takes what of the table can't be read, and lets the rest be read. Without it, such a thing ends the reading
	// with an [*Error] of [CodeRecordInvalid]. An error that it returns ends the reading too.
	Reject func(Reject) error

	// Done, where there is one, is told each file of the table when all of it was read, if the source is a [FileDropper].
	Done func(Part)
}

// Part is one of the files that make up a table, or the only one.
type Part struct {
	Table   Table  `json:"table"`             // The file as a table of its own.
	Version string `json:"version,omitempty"` // Tells it from what may take its place; empty where the source can't.
}

// Reject is a record that could not be read.
type Reject struct {
	Location string `json:"location"` // Where it stands, "line 17" for example.
	Message  string `json:"message"`  // What is wrong with it.
	Text     string `json:"text"`     // As much of it as was read, as it stands there.
}

// Mode says what a write does to the table that is there.
type Mode string

// The modes of a [Write]. Whichever it is, it happens at once: whoever reads the table meanwhile, or after a crash, sees
// either all of it or nothing.
const (
	Replace Mode = "replace" // The table becomes one with exactly the columns and records that are written.
	Refill  Mode = "refill"  // The table keeps its definition and exchanges its records. Where it is missing, it is made.
	Append  Mode = "append"  // The records are added to the table's. Where it is missing, it is made.
	Upsert  Mode = "upsert"  // As append, but a record whose key is there changes that one. Where it is missing, it is made.
	Insert  Mode = "insert"  // The records are added to the table, which must be there.
	Update  Mode = "update"  // The table's records of the same key take the values that are written.
	Delete  Mode = "delete"  // The table's records of the same key are removed.
)

// Keyed reports whether records are told by a key in this mode.
func (m Mode) Keyed() bool { return m == Upsert || m == Update || m == Delete }

// Write says what is to be written to a source, and how. In a table that is there, columns are found by their names: a
// column that the table does not have is an error, one that is not written takes its default. A value that a column of
// another type can't hold whole is an error, too, with the column and the value; empty text is no NULL.
type Write struct {
	Table          Table
	Mode           Mode
	Key            []string       // The columns that tell records, where the mode is [Mode.Keyed]. The columns of a delete are all of them.
	Format         Format         // Of sources whose tables are files.
	IdempotencyKey IdempotencyKey // What a [Ledger] is to record.
}

// Written tells what a write did.
type Written struct {
	Rows int64 // How many records were written, changed or removed.

	// Conversions tells which columns the target holds in another type, because it has none like theirs: nothing of a
	// value is lost that way, but it looks different when it is read again.
	Conversions []Conversion

	// Read are the files of [IdempotencyKey.Read], where the ledger has it that an earlier attempt has written them.
	Read []Part
}

// Conversion is a column whose type a target does not have.
type Conversion struct {
	Column string `json:"column"`
	From   string `json:"from"` // The standard type of what was written.
	To     string `json:"to"`   // The native type in which the target holds it.
}

// Script is what a source is to run, in a language of its own.
type Script struct {
	Text string
	Bind map[string]any // Values for the :name parameters of its statements, as in [Querier].

	IdempotencyKey IdempotencyKey // What a [Ledger] is to record.

	// Progress is told after each statement how many records were changed so far, where there is one.
	Progress func(changed int64)
}

// Tell tells the script's Progress, if there is one, how many records were changed so far.
func (s Script) Tell(changed int64) {
	if s.Progress != nil {
		s.Progress(changed)
	}
}
