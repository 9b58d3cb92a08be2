package sqltext

import "strconv"

// Dialect says how a database writes what is no plain SQL.
type Dialect struct {
	Backslashes    bool // Whether a backslash escapes within every text in quotes.
	EscapedTexts   bool // Whether it does in E'…'.
	DollarQuotes   bool // Whether $tag$…$tag$ is a text.
	Backticks      bool // Whether `…` is a name.
	Brackets       bool // Whether […] is a name.
	HashComments   bool // Whether # begins a comment.
	NestedComments bool // Whether a comment may stand in a comment.

	// Placeholder writes the parameter with that number, from 1.
	Placeholder func(number int) string
}

// The dialects of the databases.
var (
	PostgreSQL = Dialect{EscapedTexts: true, DollarQuotes: true, NestedComments: true, Placeholder: numbered}
	MySQL      = Dialect{Backslashes: true, Backticks: true, HashComments: true, Placeholder: marked}
	SQLite     = Dialect{Backticks: true, Brackets: true, Placeholder: marked}
)

func numbered(number int) string { return "$" + strconv.Itoa(number) }

func marked(int) string { return "?" }
