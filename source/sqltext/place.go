package sqltext

import (
	"slices"
	"strings"
)

// Place says what can stand at the place of a parameter.
type Place int

// The places.
const (
	ValuePlace      Place = iota // A value, or a name.
	NamePlace                    // Only a name: of a table, or of a column.
	StatementPlace               // Only a keyword: the place begins a statement.
	TextPlace                    // Nothing: the place is in a quoted text.
	QuotedNamePlace              // Nothing: the place is in a quoted name.
	CommentPlace                 // Nothing: the place is in a comment.
	PartPlace                    // Nothing: the place is a part of a word or of a number.
)

// Span is a part of a text, from the byte Begin up to the byte before End.
type Span struct{ Begin, End int }

// Places returns the places of the parameters in a script that are at the given spans, in their order.
func (d Dialect) Places(script string, parameters []Span) []Place {
	places := make([]Place, 0, len(parameters))
	context := newClauses()
	begin := 0

	for tokens := (&scanner{dialect: d, rest: script}); len(places) < len(parameters); {
		found, ok := tokens.next()
		if !ok {
			break
		}

		end := begin + len(found.text)

		for len(places) < len(parameters) && parameters[len(places)].Begin < end {
			place := d.placeWithin(found)

			isWhole := parameters[len(places)] == Span{begin, end}
			if isWhole && (found.kind == parameter || found.kind == nameParameter) {
				place = context.place(strings.HasPrefix(tokens.rest, "."))
			}

			places = append(places, place)
		}

		context.add(found)

		begin = end
	}

	return places
}

// placeWithin returns the place of a parameter that the database would not see, because it is part of a token.
func (d Dialect) placeWithin(found token) Place {
	switch {
	case found.kind == blank:
		return CommentPlace
	case found.kind != quoted:
		return PartPlace
	case found.text[0] == '`' || found.text[0] == '[' || found.text[0] == '"' && !d.Backslashes:
		return QuotedNamePlace
	}

	return TextPlace
}

// clauses is the context of a place: the tokens before it, in the statement and in the parentheses around it.
type clauses struct {
	open []clause // The parentheses around the place, and the statement itself.
	last string   // The last token, in uppercase; "" at the beginning of a statement.
}

// clause is the context within a pair of parentheses or brackets.
type clause struct {
	reads bool // Whether a FROM names tables: it has a SELECT, a DELETE or a SHOW. FROM is also part of EXTRACT, TRIM and others.
	names bool // Whether it is in a list of names.
}

func newClauses() *clauses { return &clauses{open: []clause{{}}} }

// The words before names.
var (
	beforeName = strings.Fields("JOIN INTO UPDATE TABLE VIEW INDEX SCHEMA DATABASE COLUMN EXISTS AS SET REFERENCES TRUNCATE")
	beforeBy   = strings.Fields("ORDER GROUP PARTITION") // Before BY, which is part of other clauses too.
)

// The words that begin and end a list of names, and those after which FROM names tables.
var (
	beginsNames = strings.Fields("SET UPDATE")
	endsNames   = strings.Fields("WHERE LIMIT OFFSET HAVING VALUES RETURNING WINDOW ON USING WITH SELECT")
	readsTables = strings.Fields("SELECT DELETE SHOW")
)

// place returns what can stand at a place between tokens. beforeDot reports whether a point follows it.
func (c *clauses) place(beforeDot bool) Place {
	now := c.open[len(c.open)-1]

	switch {
	case c.last == "":
		return StatementPlace
	case beforeDot || c.last == ".":
		return NamePlace
	case slices.Contains(beforeName, c.last), c.last == "BY" && now.names, c.last == "FROM" && now.names:
		return NamePlace
	case c.last == "," && now.names:
		return NamePlace
	}

	return ValuePlace
}

// add updates the context with the next token.
func (c *clauses) add(found token) {
	if found.kind == blank {
		return
	}

	if found.kind == semicolon {
		*c = *newClauses()

		return
	}

	now := &c.open[len(c.open)-1]

	switch upper := strings.ToUpper(found.text); {
	case found.text == "(" || found.text == "[":
		c.open = append(c.open, clause{})
	case (found.text == ")" || found.text == "]") && len(c.open) > 1:
		c.open = c.open[:len(c.open)-1]
	case found.kind != word:
	case slices.Contains(readsTables, upper):
		now.reads, now.names = true, false
	case upper == "FROM":
		now.names = now.reads && c.last != "DISTINCT"
	case upper == "BY":
		now.names = slices.Contains(beforeBy, c.last)
	case slices.Contains(beginsNames, upper):
		now.names = true
	case slices.Contains(endsNames, upper):
		now.names = false
	}

	c.last = strings.ToUpper(found.text)
}
