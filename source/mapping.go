package source

// Mapping says which standard type a native type of a source is read as; docs/types.md lists those of every driver.
type Mapping struct {
	Native   string
	Standard string
	Note     string // What is to be known of it, where there is something.
}

// Creation says in which native type a source makes a column of a standard type; docs/types.md lists those of every driver.
type Creation struct {
	Standard string
	Native   string
	Note     string
}
