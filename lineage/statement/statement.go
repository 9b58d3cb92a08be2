package statement

import (
	"fmt"
	"strings"

	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/sqltext"
)

// maxText is the size of the largest text that is parsed, in bytes.
const maxText = 256 << 10

// language is the SQL of a kind of source.
type language struct {
	dialect sqltext.Dialect // With placeholders and quotes that the parser reads.
	folds   bool            // Whether the case of names has no meaning.
	parse   func(text string) (parsed, error)
}

// languageOf returns the language of a kind of source.
func languageOf(kindOfSource string) (language, bool) {
	dialect, isKnown := sqltext.DialectOf(kindOfSource)
	of := language{dialect: dialect}
	of.dialect.Decimal = nil

	switch kindOfSource {
	case kind.PgSQLSource:
		of.parse = parsePostgreSQL
	case kind.MySQLSource:
		of.parse, of.folds = parseMySQL, true
	case kind.SQLiteSource:
		of.parse, of.folds = parseSQLite, true
		of.dialect.Placeholder = sqltext.PostgreSQL.Placeholder
		of.dialect.NameQuote = '"'
	}

	return of, isKnown
}

// Script returns the effect of the statements of a script, or of one query, for a source of that kind. Parameters :name stand for
// values, and parameters :"name" for names that are not known.
func Script(source, kindOfSource, text string) Effect {
	of, isKnown := languageOf(kindOfSource)
	r := &resolver{source: source, folds: of.folds}

	switch {
	case !isKnown:
		r.unknownf("the language of the source is not known")

		return r.effect
	case len(text) > maxText:
		r.unknownf("the text has %d bytes, more than the %d that are parsed", len(text), maxText)

		return r.effect
	}

	statements := of.dialect.Statements(text)
	for _, statement := range statements {
		place := ""
		if len(statements) > 1 {
			place = fmt.Sprintf("statement in line %d: ", statement.Line)
		}

		r.statement(of, place, statement.Text)
	}

	return r.effect
}

// statement adds the effect of a statement.
func (r *resolver) statement(of language, place, text string) {
	found, err := of.read(text)
	if err != nil {
		r.unknownf("%s%s", place, err)

		return
	}

	if found.unknown != "" {
		r.unknownf("%s%s", place, found.unknown)
	}

	if found.query != nil {
		columns := r.query(found.query, nil, nil)
		r.effect.Columns, r.effect.IsOpen = columns.columns, columns.isOpen
	}

	for i := range found.changes {
		returned := r.change(&found.changes[i], nil, nil)
		r.effect.Columns, r.effect.IsOpen = returned.columns, returned.isOpen
	}
}

// read parses a statement in which parameters are replaced by placeholders and by names that mark them.
func (l language) read(text string) (found parsed, err error) {
	defer func() {
		// A parser that is wrong about a statement must not end the process.
		if failed := recover(); failed != nil {
			err = fmt.Errorf("the parser of %s failed: %v", l.dialect.Name, failed)
		}
	}()

	values := map[string]any{}
	for _, name := range l.dialect.Parameters(text) {
		values[name] = computed + name
	}

	bound, _, _, err := l.dialect.Bind(text, values)
	if err != nil {
		return parsed{}, err
	}

	return l.parse(bound)
}

// computed begins the names that stand for names that are computed when the step runs.
const computed = "\u27e6computed "

func isComputed(name string) bool { return strings.Contains(name, computed) }
