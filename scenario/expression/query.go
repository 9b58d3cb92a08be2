package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/jobwright/jobwright/source/sqltext"
)

// QueryText is a query or a script, as a source receives it: a parameter stands in place of each expression, so that a value is
// never interpreted as a part of the query.
type QueryText struct {
	Text   string       // With the parameters :value1, :value2 and so on, or :"value1" for a name.
	Values []QueryValue // In the order of the parameters.
}

// QueryValue is an expression in a query.
type QueryValue struct {
	Fragment

	IsName bool // Whether it is a call of identifier, whose result becomes a quoted name in the query.
	span   sqltext.Span
}

// ParseQueryText parses a query or a script with expressions.
func ParseQueryText(text string) (QueryText, error) { return parseQueryText(text, parseQuery) }

func parseQueryText(text string, parseQuery func(source, text string) (Fragment, string, error)) (QueryText, error) {
	parts, err := parseFragments(text, parseQuery)
	if err != nil {
		return QueryText{}, err
	}

	var (
		query QueryText
		whole strings.Builder
	)

	for _, part := range parts {
		if part.Kind == LiteralFragment {
			whole.WriteString(part.Text)

			continue
		}

		value := QueryValue{Fragment: part, IsName: part.Kind == ExpressionFragment && callsIdentifier(part.Text)}
		name := BindName(len(query.Values) + 1)

		if value.IsName {
			name = `"` + name + `"`
		}

		value.span.Begin = whole.Len()
		whole.WriteString(":" + name)
		value.span.End = whole.Len()

		query.Values = append(query.Values, value)
	}

	query.Text = whole.String()

	return query, nil
}

// BindName returns the name of the parameter that stands for the expression with that number in a query, from 1.
func BindName(number int) string { return fmt.Sprintf("value%d", number) }

// BoundQuery returns the text that a source receives for a query with expressions. An invalid query is returned unchanged.
// Surrounding space is removed.
func BoundQuery(query string) string {
	parsed, err := ParseQueryText(query)
	if err != nil {
		return strings.TrimSpace(query)
	}

	return strings.TrimSpace(parsed.Text)
}

// CheckPlaces returns an error for an expression that stands where the source can't accept its result: within quotes, for
// example. dialects are those in which the source may read the query.
func (q QueryText) CheckPlaces(dialects []sqltext.Dialect) error {
	spans := make([]sqltext.Span, len(q.Values))
	for i, value := range q.Values {
		spans[i] = value.span
	}

	var refusals []string

	for _, dialect := range dialects {
		refusals = append(refusals, q.refusal(dialect.Places(q.Text, spans)))
	}

	for i, refusal := range refusals {
		switch {
		case refusal == "":
		case slices.Contains(refusals, ""):
			return fmt.Errorf("if the source is %s: %s", dialects[i].Name, refusal)
		default:
			return errors.New(refusal)
		}
	}

	return nil
}

// refusal returns why one of the values can't stand at its place, or "".
func (q QueryText) refusal(places []sqltext.Place) string {
	for i, place := range places {
		if refusal := q.Values[i].refusal(place); refusal != "" {
			return refusal
		}
	}

	return ""
}

// refusal returns why the value can't stand at a place, and what to write instead, or "" if it can.
func (v QueryValue) refusal(place sqltext.Place) string {
	inQuotes := place == sqltext.TextPlace || place == sqltext.QuotedNamePlace

	switch {
	case place == sqltext.ValuePlace, place == sqltext.NamePlace && v.IsName:
		return ""
	case v.IsName && inQuotes:
		return fmt.Sprintf("%s is quoted by the source; leave out the quotes around it", v)
	case place == sqltext.TextPlace:
		return fmt.Sprintf("the value of %s is passed beside the query; leave out the quotes around it, "+
			"and write the rest of the quoted text into the expression, as in ${\"%%\" + name + \"%%\"}", v)
	case place == sqltext.CommentPlace:
		return fmt.Sprintf("%s is in a comment, which can't have values; remove it, or write $$ for its $", v)
	case place == sqltext.PartPlace:
		return fmt.Sprintf("%s touches a word or another value; separate them, or write the whole value or name into one "+
			"expression, as in ${identifier(\"sales_\" + year)}", v)
	case place == sqltext.StatementPlace:
		return fmt.Sprintf("%s can't begin a statement; write the statement here, with ${…} for values and "+
			"${identifier(…)} for names", v)
	}

	name := v.Text
	if v.Kind == QueryFragment {
		name = "…"
	}

	if place == sqltext.QuotedNamePlace {
		return fmt.Sprintf("the value of %s is passed beside the query; leave out the quotes around it, "+
			"and write ${identifier(%s)} for a name", v, name)
	}

	return fmt.Sprintf("the value of %s is passed beside the query and can't be the name of a table or a column; "+
		"write ${identifier(%s)} for a name", v, name)
}

// nameIdentifier is the function whose result is a name in a query.
const nameIdentifier = "identifier"

// identifierOf is the function of that name. It returns its argument: the source quotes it.
func identifierOf(texts []string) (any, error) { return texts[0], nil }

// callsIdentifier reports whether an expression is a call of identifier.
func callsIdentifier(expression string) bool {
	if !strings.Contains(expression, nameIdentifier) || len(expression) > MaxSource {
		return false
	}

	tree, err := parser.Parse(expression)

	return err == nil && isIdentifierCall(tree.Node)
}

func isIdentifierCall(node ast.Node) bool {
	call, isCall := node.(*ast.CallNode)
	if !isCall {
		return false
	}

	callee, isName := call.Callee.(*ast.IdentifierNode)

	return isName && callee.Value == nameIdentifier
}
