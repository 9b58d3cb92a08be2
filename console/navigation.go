package console

import (
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/console/session"
)

// entry is an entry of the navigation.
type entry struct {
	Address, Text string
	IsCurrent     bool

	right app.Right // What a key needs to see anything there.
}

// entries are those of the navigation.
var entries = []entry{
	{Address: "/jobs", Text: "Jobs", right: app.Status},
	{Address: "/scenarios", Text: "Scenarios", right: app.Execute},
	{Address: "/schedules", Text: "Schedules", right: app.Status},
	{Address: "/sources", Text: "Sources", right: app.Execute},
	{Address: "/system", Text: "System", right: app.Operate},
}

// navigation returns the entries that the key of a session permits. The current one is that of the section.
func navigation(of *session.Session, section string) []entry {
	var shown []entry

	for _, known := range entries {
		if of.May(known.right) {
			known.IsCurrent = known.Address == section
			shown = append(shown, known)
		}
	}

	return shown
}
