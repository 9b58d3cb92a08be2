package sqltext

import "strconv"

// Dialect describes the syntax in which databases differ.
type Dialect struct {
	Backslashes    bool // Whether a backslash is an escape character in all quoted texts.
	EscapedTexts   bool // Whether a backslash is an escape character in E'…'.
	DollarQuotes   bool // Whether $tag$…$tag$ is a quoted text.
	Backticks      bool // Whether `…` is a quoted name.
	Brackets       bool // Whether […] is a quoted name.
	HashComments   bool // Whether # begins a comment.
	NestedComments bool // Whether comments nest.
	SpacedDashes   bool // Whether -- begins a comment only before a space, a control character or the end.

	// Placeholder returns the placeholder of the parameter with that number, from 1.
	Placeholder func(number int) string
}

// The dialects of the databases.
var (
	PostgreSQL = Dialect{EscapedTexts: true, DollarQuotes: true, NestedComments: true, Placeholder: numbered}
	MySQL      = Dialect{Backslashes: true, Backticks: true, HashComments: true, SpacedDashes: true, Placeholder: marked}
	SQLite     = Dialect{Backticks: true, Brackets: true, Placeholder: marked}
)

func numbered(number int) string { return "$" + strconv.Itoa(number) }

func marked(int) string { return "?" }
