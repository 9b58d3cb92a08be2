package sqltext

import (
	"slices"
	"strings"
)

// The words of SQLite after INSERT OR and UPDATE OR, which say what happens in a conflict.
var resolutions = strings.Fields("REPLACE IGNORE ABORT FAIL ROLLBACK")

// TranslateSQLite returns a statement of SQLite in the syntax of PostgreSQL, for parsers that read names of tables and columns,
// not for execution: names are quoted as in PostgreSQL, and clauses that concern no names are omitted. Other differences stay.
// spelling has the names as they are written, by their lower case.
func TranslateSQLite(statement string) (translated string, spelling map[string]string) {
	var written []string

	spelling = map[string]string{}
	last := func(back int) string { // The word so many words before the end.
		at := len(written) - 1
		for ; at >= 0; at-- {
			if back -= min(1, len(strings.TrimSpace(written[at]))); back == 0 {
				return strings.ToUpper(written[at])
			}
		}

		return ""
	}

	for tokens := (&scanner{dialect: SQLite, rest: statement}); ; {
		found, ok := tokens.next()
		if !ok {
			return strings.Join(written, ""), spelling
		}

		text := found.text

		switch upper := strings.ToUpper(text); {
		case found.kind == quoted && (text[0] == '`' || text[0] == '['):
			text = `"` + strings.ReplaceAll(strings.Trim(text, "`[]"), `"`, `""`) + `"`
		case found.kind != word:
		case upper == "AUTOINCREMENT":
			text = ""
		case upper == "REPLACE" && last(1) == "":
			text = "INSERT"
		case slices.Contains(resolutions, upper) && last(1) == "OR" && (last(2) == "INSERT" || last(2) == "UPDATE"):
			for last(1) == "OR" || strings.TrimSpace(written[len(written)-1]) == "" {
				written = written[:len(written)-1]
			}

			text = " "
		default:
			spelling[strings.ToLower(text)] = text
		}

		written = append(written, text)
	}
}
