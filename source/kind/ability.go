package kind

import (
	"slices"

	"github.com/jobwright/jobwright/source"
)

var (
	database  = []source.Ability{source.CanRead, source.CanQuery, source.CanWrite, source.CanDrop, source.CanExecute}
	files     = []source.Ability{source.CanRead, source.CanWrite, source.CanDrop, source.CanKeepFiles}
	fileModes = []source.Mode{source.Replace, source.Refill, source.Append, source.Insert}
)

// Can reports whether sources of a kind have an ability. An unknown kind has all of them.
func Can(kind string, ability source.Ability) bool {
	found, isKnown := kinds[kind]

	return !isKnown || slices.Contains(found.can, ability)
}

// Writes reports whether sources of a kind support a mode of writing. An unknown kind supports all of them.
func Writes(kind string, mode source.Mode) bool {
	found, isKnown := kinds[kind]

	return !isKnown || slices.Contains(found.modes, mode)
}
