package csv

import "github.com/jobwright/jobwright/source"

// Types returns how the types of CSV are read: there is one.
func Types() []source.Mapping {
	return []source.Mapping{{Native: "text", Standard: "text"}}
}

// Creations returns the type of CSV in which columns of the standard types are written.
func Creations() []source.Creation {
	creations := make([]source.Creation, len(source.Types()))
	for i, t := range source.Types() {
		creations[i] = source.Creation{Standard: string(t), Native: "text"}
	}

	return creations
}
