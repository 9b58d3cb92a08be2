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
