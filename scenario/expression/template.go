package expression

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Template is a parsed text: a sequence of literal text, expressions and queries.
type Template []Fragment

// Fragment is a part of a [Template].
type Fragment struct {
	Kind   FragmentKind
	Text   string    // The literal text, or the source of the expression.
	Source string    // The source of a query.
	Query  QueryText // The query.
}

// FragmentKind is the kind of a [Fragment].
type FragmentKind int

// The kinds of fragments.
const (
	LiteralFragment FragmentKind = iota
	ExpressionFragment
	QueryFragment
)

// opening matches the beginning of an expression or a query, and the dollar before it that escapes it.
var opening = regexp.MustCompile(`(\$?)\$(\{|\[([^\[\]{}$]+)\]\{|\(\()`)

// ParseTemplate parses a text. ${ … } is an expression and $[source]{ … } a query, unless escaped by a further $. Any other $
// is literal.
func ParseTemplate(text string) (Template, error) { return parseFragments(text, parseQuery) }

// parseFragments parses a text and calls parseQuery for the queries in it.
func parseFragments(text string, parseQuery func(source, text string) (Fragment, string, error)) (Template, error) {
	var (
		parsed  Template
		literal strings.Builder
	)

	for {
		at := opening.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}

		begin, end := at[0], at[1]

		if escaped := at[2] < at[3]; escaped {
			literal.WriteString(text[:begin] + text[begin+1:end])
			text = text[end:]

			continue
		}

		literal.WriteString(text[:begin])

		if strings.HasSuffix(text[begin:end], "((") {
			return nil, javascriptRefused(text[end:])
		}

		if literal.Len() > 0 {
			parsed = append(parsed, Fragment{Text: literal.String()})
			literal.Reset()
		}

		var (
			found Fragment
			err   error
		)

		if at[6] >= 0 {
			found, text, err = parseQuery(text[at[6]:at[7]], text[end:])
		} else {
			found.Kind = ExpressionFragment
			found.Text, text, err = cutExpression(text[end:])
		}

		if err != nil {
			return nil, err
		}

		parsed = append(parsed, found)
	}

	literal.WriteString(text)

	if literal.Len() > 0 || len(parsed) == 0 {
		parsed = append(parsed, Fragment{Text: literal.String()})
	}

	return parsed, nil
}

// notClosed returns the error for an expression or a query without a closing brace.
func notClosed(opening string) error {
	return fmt.Errorf("the %s has no closing }; write $%[1]s for a literal %[1]s", opening)
}

// parseQuery parses the query at the beginning of text, and returns the rest of the text.
func parseQuery(source, text string) (query Fragment, rest string, err error) {
	inner, rest, closed := cutQuery(text)
	if !closed {
		return Fragment{}, "", notClosed("$[" + source + "]{")
	}

	query = Fragment{Kind: QueryFragment, Source: strings.TrimSpace(source)}
	query.Query, err = parseQueryText(inner, func(_, _ string) (Fragment, string, error) {
		return Fragment{}, "", errors.New("a query can't stand within another one; set a variable to it first")
	})

	return query, rest, err
}

// cutExpression splits text at the brace that closes the expression at its start. Braces within the expression's own
// braces, string literals and comments don't, but a comment up to the end of the line ends there too.
func cutExpression(text string) (expression, rest string, err error) {
	depth := 0

	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\'' || c == '`':
			i = endOfString(text, i)
		case strings.HasPrefix(text[i:], "/*"):
			i = endOf(text, i, "*/")
		case strings.HasPrefix(text[i:], "//"):
			length := strings.IndexAny(text[i:], "\n}")
			if length < 0 {
				return "", "", notClosed("${")
			}

			i += length - 1
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			return text[:i], text[i+1:], nil
		}
	}

	return "", "", notClosed("${")
}

// cutQuery splits text at the brace that closes the query at its start. Braces within the query's own braces, its quotes
// and the expressions in it don't, but a comment up to the end of the line ends there too.
func cutQuery(text string) (query, rest string, closed bool) {
	depth, within := 0, inQuery

	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "$${"):
			i++ // The brace of an escaped expression is part of the query.
		case strings.HasPrefix(text[i:], "${"):
			_, after, err := cutExpression(text[i+len("${"):])
			if err != nil {
				return "", "", false
			}

			i = len(text) - len(after) - 1
		case within != inQuery && within != inComment || c != '{' && c != '}':
			within, i = within.at(text, i)
		case c == '{':
			depth++
		case depth > 0:
			depth--
		default:
			return text[:i], text[i+1:], true
		}
	}

	return "", "", false
}

// quoting is the context of a place in a query: the quote that ends it, or one of these.
type quoting byte

const (
	inQuery   quoting = 0
	inComment quoting = '\n' // Up to the end of the line.
)

// at reads the byte at i, or the whole comment that begins there. It returns the context of the next place and the index of
// the last byte read. A doubled quote, which SQL uses for a quote within quotes, ends and reopens the quotes; a backslash does
// not escape in SQL.
func (q quoting) at(query string, i int) (behind quoting, last int) {
	switch c := query[i]; {
	case q != inQuery:
		if c == byte(q) {
			return inQuery, i
		}
	case c == '"' || c == '\'' || c == '`':
		return quoting(c), i
	case strings.HasPrefix(query[i:], "--"):
		return inComment, i
	case strings.HasPrefix(query[i:], "/*"):
		return inQuery, endOf(query, i+len("/*"), "*/")
	}

	return q, i
}

// endOfString returns the index of the quote that ends the string literal at start.
func endOfString(text string, start int) int {
	quote := text[start]

	for i := start + 1; i < len(text); i++ {
		if text[i] == '\\' && quote != '`' {
			i++
		} else if text[i] == quote {
			return i
		}
	}

	return len(text)
}

// endOf returns the index of the last byte of the first mark after start.
func endOf(text string, start int, mark string) int {
	found := strings.Index(text[start:], mark)
	if found < 0 {
		return len(text)
	}

	return start + found + len(mark) - 1
}

// String returns the fragment as it is written in a text.
func (f Fragment) String() string {
	switch f.Kind {
	case ExpressionFragment:
		return "${" + f.Text + "}"
	case QueryFragment:
		return "$[" + f.Source + "]{" + f.Query.Text + "}"
	case LiteralFragment:
	}

	return f.Text
}

// IsPlain reports whether the template is literal text only.
func (t Template) IsPlain() bool { return len(t) == 1 && t[0].Kind == LiteralFragment }

// IsAlone reports whether the template is a single expression or query, whose result keeps its type.
func (t Template) IsAlone() bool { return len(t) == 1 && t[0].Kind != LiteralFragment }

// IsLiteral reports whether a value is not a text with expressions or queries.
func IsLiteral(value any) bool {
	text, isText := value.(string)
	if !isText {
		return true
	}

	parsed, err := ParseTemplate(text)

	return err == nil && parsed.IsPlain()
}
