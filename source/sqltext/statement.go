package sqltext

import "strings"

// Statement is one statement of a script.
type Statement struct {
	Text string
	Line int // The number of its first line in the script, from 1.
}

// Statements splits a script at its semicolons, except for semicolons in quoted texts, comments, and the bodies of triggers,
// functions, procedures and events.
func (d Dialect) Statements(script string) []Statement {
	var (
		statements []Statement
		text       strings.Builder
		body       blocks
	)

	line, begins := 1, 0 // begins is the first line of the statement, or 0 before it begins.

	end := func() {
		if begins > 0 {
			statements = append(statements, Statement{Text: strings.TrimSpace(text.String()), Line: begins})
		}

		text.Reset()

		begins, body = 0, blocks{}
	}

	for tokens := (&scanner{dialect: d, rest: script}); ; {
		found, ok := tokens.next()
		if !ok {
			break
		}

		body.add(found)

		switch {
		case found.kind == semicolon && body.depth == 0:
			end()
		case begins == 0 && found.kind == blank: // Blanks before a statement do not belong to it.
		default:
			if begins == 0 {
				begins = line
			}

			text.WriteString(found.text)
		}

		line += strings.Count(found.text, "\n")
	}

	end()

	return statements
}

// blocks counts the open blocks in the body of a trigger, function, procedure or event.
type blocks struct {
	creates bool // Whether the statement's first word is CREATE.
	body    bool // Whether the statement creates an object with a body.
	begun   bool // Whether the statement has begun.
	depth   int  // The number of open blocks.
	ended   bool // Whether the previous word was END.
}

// add updates the count with the next token.
func (b *blocks) add(found token) {
	if found.kind == blank {
		return
	}

	upper := ""
	if found.kind == word {
		upper = strings.ToUpper(found.text)
	}

	if !b.begun {
		b.begun, b.creates = true, upper == "CREATE"
	}

	if !b.creates {
		return
	}

	wasEnded := b.ended
	b.ended = false

	switch upper {
	case "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT":
		b.body = true
	case "BEGIN":
		if b.body { // In other statements, BEGIN may be a name.
			b.depth++
		}
	case "CASE":
		if !wasEnded && b.depth > 0 {
			b.depth++
		}
	case "END":
		if b.depth > 0 {
			b.depth--
			b.ended = true
		}
	case "IF", "LOOP", "WHILE", "REPEAT":
		if wasEnded { // END IF and END LOOP close a block that was not counted.
			b.depth++
		}
	}
}
