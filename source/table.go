package source

// Table names a table of a source.
type Table struct {
	// The part of the source that contains the table: a schema of PostgreSQL, a database of MySQL, or a folder. Empty for the
	// default.
	Space string `json:"space,omitempty"`
	Name  string `json:"name"`
}

// String returns the table's name for messages: name or space.name.
func (t Table) String() string {
	if t.Space == "" {
		return t.Name
	}

	return t.Space + "." + t.Name
}

// Read describes the reading of a table.
type Read struct {
	Table  Table
	Format Format // The format of the table, if the source has files.

	// Types are the types to which [Convert] will convert columns of these names. A reader that infers the type of such a column
	// from its first values uses this type instead, or one that can represent all further values.
	Types map[string]Standard

	// Reject, if it is not nil, is called for each record that can't be read, and reading continues unless it returns an error.
	// If it is nil, the first such record ends the reading with an [*Error] with [CodeRecordInvalid].
	Reject func(Reject) error

	// Done, if it is not nil and the source is a [FileDropper], is called for each file of the table after the whole file was
	// read.
	Done func(Part)
}

// Part is one of the files of a table.
type Part struct {
	Table   Table  `json:"table"`             // The file as a table of its own.
	Version string `json:"version,omitempty"` // Identifies the content of the file; empty if the source has no versions.
}

// Reject is a record that could not be read.
type Reject struct {
	Location string `json:"location"` // The location of the record, "line 17" for example.
	Message  string `json:"message"`  // Why the record could not be read.
	Text     string `json:"text"`     // The text of the record, as far as it was read.
}
