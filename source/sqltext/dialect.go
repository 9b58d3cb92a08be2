package sqltext

import (
	"fmt"
	"strconv"

	"github.com/jobwright/jobwright/source/kind"
)

// Dialect describes the syntax in which databases differ.
type Dialect struct {
	Name string // For messages.

	Backslashes    bool // Whether a backslash is an escape character in all quoted texts.
	EscapedTexts   bool // Whether a backslash is an escape character in E'…'.
	DollarQuotes   bool // Whether $tag$…$tag$ is a quoted text.
	Backticks      bool // Whether `…` is a quoted name.
	Brackets       bool // Whether […] is a quoted name.
	HashComments   bool // Whether # begins a comment.
	NestedComments bool // Whether comments nest.
	SpacedDashes   bool // Whether -- begins a comment only before a space, a control character or the end.

	NameQuote   byte // The character around a quoted name.
	LongestName int  // The maximum number of bytes of a name, or 0. A longer name would be cut off, or refused.

	// Placeholder returns the placeholder of the parameter with that number, from 1.
	Placeholder func(number int) string

	// Decimal returns an expression for a placeholder whose value is the text of a decimal with that number of digits before and
	// after the point. It is nil if the placeholder itself is a decimal then.
	Decimal func(placeholder string, whole, fraction int) string
}

// The dialects of the databases.
var (
	PostgreSQL = Dialect{
		Name: "PostgreSQL", EscapedTexts: true, DollarQuotes: true, NestedComments: true,
		NameQuote: '"', LongestName: 63, Placeholder: numbered,
	}
	MySQL = Dialect{
		Name: "MySQL", Backslashes: true, Backticks: true, HashComments: true, SpacedDashes: true,
		NameQuote: '`', LongestName: 256, Placeholder: marked, Decimal: castDecimal, // 64 characters, of up to 4 bytes.
	}
	SQLite = Dialect{
		Name: "SQLite", Backticks: true, Brackets: true,
		NameQuote: '`', Placeholder: marked, // SQLite reads "name" as text if there is no such column.
	}
)

// dialects are the dialects of the kinds of sources.
var dialects = map[string]Dialect{kind.PgSQLSource: PostgreSQL, kind.MySQLSource: MySQL, kind.SQLiteSource: SQLite}

// DialectOf returns the dialect of that kind of source, and whether the kind is known and has one.
func DialectOf(kindOfSource string) (own Dialect, isKnown bool) {
	own, isKnown = dialects[kindOfSource]

	return own, isKnown
}

// Dialects returns the dialects in which a source of that kind may read a query: its own, or all if the kind is unknown.
func Dialects(kindOfSource string) []Dialect {
	if own, known := dialects[kindOfSource]; known {
		return []Dialect{own}
	}

	return []Dialect{PostgreSQL, MySQL, SQLite}
}

func numbered(number int) string { return "$" + strconv.Itoa(number) }

func marked(int) string { return "?" }

// castDecimal casts a text to a decimal, which MySQL would otherwise compare as a float. A text with more digits than a DECIMAL
// stays text.
func castDecimal(placeholder string, whole, fraction int) string {
	const longest, mostAfterPoint = 65, 30

	if whole+fraction > longest || fraction > mostAfterPoint {
		return placeholder
	}

	return fmt.Sprintf("CAST(%s AS DECIMAL(%d,%d))", placeholder, max(whole+fraction, 1), fraction)
}
