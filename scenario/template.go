package scenario

import (
	"errors"
	"strings"
)

// template is a string parameter, taken apart: literal text and expressions in turn.
type template []fragment

// fragment is a piece of a template: text as it stands, or the source of an expression.
type fragment struct {
	text         string
	isExpression bool
}

// parseTemplate takes a string apart. ${ … } is an expression, $${ stands for ${ itself, and every other $ for itself.
func parseTemplate(text string) (template, error) {
	var (
		parsed  template
		literal strings.Builder
	)

	for {
		at := strings.Index(text, "${")
		if at < 0 {
			break
		}

		if at > 0 && text[at-1] == '$' {
			literal.WriteString(text[:at-1] + "${")
			text = text[at+len("${"):]

			continue
		}

		literal.WriteString(text[:at])

		expression, rest, closed := cutExpression(text[at+len("${"):])
		if !closed {
			return nil, errors.New("the ${ has no closing }; write $${ for a literal ${")
		}

		if literal.Len() > 0 {
			parsed = append(parsed, fragment{text: literal.String()})
			literal.Reset()
		}

		parsed = append(parsed, fragment{text: expression, isExpression: true})
		text = rest
	}

	literal.WriteString(text)

	if literal.Len() > 0 || len(parsed) == 0 {
		parsed = append(parsed, fragment{text: literal.String()})
	}

	return parsed, nil
}

// cutExpression splits text at the brace that closes the expression at its start. Braces within the expression's own
// braces and string literals don't.
func cutExpression(text string) (expression, rest string, closed bool) {
	depth := 0
	quote := byte(0)

	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			return text[:i], text[i+1:], true
		}
	}

	return "", "", false
}

// isPlain reports whether the template holds no expression.
func (t template) isPlain() bool { return len(t) == 1 && !t[0].isExpression }

// isExpression reports whether the template is an expression alone, which keeps its type.
func (t template) isExpression() bool { return len(t) == 1 && t[0].isExpression }
