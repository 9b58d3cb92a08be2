package kind

import (
	"slices"

	"github.com/jobwright/jobwright/source"
)

// abilities are what the sources of a kind can do. A test compares them with the drivers.
type abilities struct {
	can   []source.Ability
	modes []source.Mode // The modes of writing.
}

var (
	database  = []source.Ability{source.CanRead, source.CanQuery, source.CanWrite, source.CanDrop, source.CanExecute}
	files     = []source.Ability{source.CanRead, source.CanWrite, source.CanDrop, source.CanKeepFiles}
	fileModes = []source.Mode{source.Replace, source.Refill, source.Append, source.Insert}
)

var known = map[string]abilities{
	PgSQLSource:  {can: database, modes: source.Modes()},
	MySQLSource:  {can: database, modes: source.Modes()},
	SQLiteSource: {can: database, modes: source.Modes()},
	FileSource:   {can: files, modes: fileModes},
	AWSS3Source:  {can: files, modes: fileModes},
	HTTPSource:   {can: []source.Ability{source.CanRead, source.CanRequest}},
}

// Can reports whether sources of a kind have an ability. An unknown kind has all of them.
func Can(kind string, ability source.Ability) bool {
	found, isKnown := known[kind]

	return !isKnown || slices.Contains(found.can, ability)
}

// Writes reports whether sources of a kind support a mode of writing. An unknown kind supports all of them.
func Writes(kind string, mode source.Mode) bool {
	found, isKnown := known[kind]

	return !isKnown || slices.Contains(found.modes, mode)
}
