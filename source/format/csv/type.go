package csv

import "github.com/jobwright/jobwright/source"

// Types returns the standard type of the only type of CSV.
func Types() []source.Mapping {
	return []source.Mapping{{Native: "text", Standard: "text"}}
}

// Creations returns the type of CSV that represents the standard types.
func Creations() []source.Creation {
	return source.Creations(func(source.Type) string { return "text" }, nil)
}
