package statement

import (
	"regexp"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source/sqltext"
)

// pragma matches statements of SQLite that concern no records of tables and that PostgreSQL's parser does not know.
var pragma = regexp.MustCompile(`(?i)^\s*(pragma|vacuum|analyze|reindex|begin|end|commit|rollback|savepoint|release)\b`)

// parseSQLite parses a statement of SQLite with the parser of PostgreSQL, which shares most of the syntax. A statement that it
// does not understand is not known.
func parseSQLite(text string) (parsed, error) {
	if pragma.MatchString(text) {
		return parsed{}, nil
	}

	translated, spelling := sqltext.TranslateSQLite(text)

	statement, err := postgresTree(translated)
	if err != nil || statement == nil {
		return parsed{}, err
	}

	respell(statement, spelling)

	return postgres{}.statement(statement)
}

// nameFields are the fields of the syntax tree that contain names.
var nameFields = strings.Fields("schemaname relname aliasname ctename colname name sval")

// respell gives the names in a syntax tree the case that they have in the text: PostgreSQL's parser changes it to lower case,
// while SQLite keeps it.
func respell(part any, spelling map[string]string) {
	switch v := part.(type) {
	case node:
		respell(map[string]any(v), spelling)
	case []any:
		for _, entry := range v {
			respell(entry, spelling)
		}
	case map[string]any:
		for name, value := range v {
			text, _ := value.(string)
			if original := spelling[text]; original != "" && slices.Contains(nameFields, name) {
				v[name] = original
			}

			respell(value, spelling)
		}
	}
}
