package console

// entry is an entry of the navigation.
type entry struct {
	Address, Text string
	IsCurrent     bool
}

// entries are those of the navigation.
var entries = []entry{
	{Address: "/jobs", Text: "Jobs"},
}

// navigation returns the entries. The current one is that of the section.
func navigation(section string) []entry {
	shown := make([]entry, len(entries))

	for i, known := range entries {
		known.IsCurrent = known.Address == section
		shown[i] = known
	}

	return shown
}
