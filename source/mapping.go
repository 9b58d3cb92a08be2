package source

// Mapping is the standard type as which a native type is read. docs/types.md lists the mappings of every driver.
type Mapping struct {
	Native   string
	Standard string
	Note     string // Exceptions and details, for people.
}

// Creation is the native type of a column that is created for a standard type. docs/types.md lists the creations of every driver.
type Creation struct {
	Standard string
	Native   string
	Note     string
}

// Creations returns the creation of a column of each standard type. notes are those of some of the types.
func Creations(native func(Type) string, notes map[Type]string) []Creation {
	creations := make([]Creation, len(Types()))
	for i, of := range Types() {
		creations[i] = Creation{Standard: string(of), Native: native(of), Note: notes[of]}
	}

	return creations
}
