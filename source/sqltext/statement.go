package sqltext

import "strings"

// Statement is one statement of a script.
type Statement struct {
	Text string
	Line int // The line of the script on which it begins, from 1.
}

// Statements takes a script apart at its semicolons, but for those in texts, comments and the bodies of triggers,
// functions and procedures.
func (d Dialect) Statements(script string) []Statement {
	var (
		statements []Statement
		text       strings.Builder
		body       blocks
	)

	line, begins := 1, 0 // begins is the line on which the statement begins, or 0 when it hasn't.

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

		body.see(found)

		switch {
		case found.kind == semicolon && body.depth == 0:
			end()
		case begins == 0 && found.kind == blank: // Before the first statement, or between two.
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

// blocks counts how deep in the body of what a statement creates a token stands.
type blocks struct {
	creates bool // Whether the statement's first word is CREATE.
	body    bool // Whether what it creates has a body.
	begun   bool
	depth   int
	ended   bool // Whether the word before was END, which may be the end of something that was not counted.
}

func (b *blocks) see(found token) {
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
		if b.body { // Elsewhere, it may be a name.
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
		if wasEnded { // END IF and its like end what was not counted.
			b.depth++
		}
	}
}
