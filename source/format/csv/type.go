package csv

import "github.com/jobwright/jobwright/source"

// Types returns the standard type of the only type of CSV.
func Types() []source.Mapping {
	return []source.Mapping{{Native: "text", Standard: "text"}}
}

// Creations returns the type of CSV that represents the standard types.
func Creations() []source.Creation {
	creations := make([]source.Creation, len(source.Types()))
	for i, t := range source.Types() {
		creations[i] = source.Creation{Standard: string(t), Native: "text"}
	}

	return creations
}
