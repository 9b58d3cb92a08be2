package postgres

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. A script of one statement is run without, as some of
// PostgreSQL's must be: VACUUM, CREATE DATABASE, CREATE INDEX CONCURRENTLY. What a script sets for its session ends with it.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	prepared, err := s.prepare(script)
	if err != nil || len(prepared) == 0 {
		return 0, err
	}

	opening := ""
	if len(prepared) > 1 {
		opening = "BEGIN"
	}

	session, err := begin(ctx, s.writing, opening)
	if err != nil {
		return 0, s.classify(ctx, failure{err: err})
	}
	defer session.discard(ctx)

	changed := int64(0)

	for _, statement := range prepared {
		tag, err := session.conn.ExecParams(ctx, statement.text, statement.parameters, nil, nil, nil).Close()
		if err != nil {
			return 0, s.classify(ctx, failure{err: err, place: statement.place})
		}

		if !tag.Select() {
			changed += tag.RowsAffected()
		}
	}

	if len(prepared) > 1 {
		if err := session.commit(ctx); err != nil {
			return 0, s.classify(ctx, failure{err: err})
		}
	}

	return changed, nil
}

// prepared is a statement with its parameters' values.
type prepared struct {
	text       string
	parameters [][]byte
	place      string
}

// prepare takes a script apart. The error is for what is wrong with it before any of it runs.
func (s *Source) prepare(script source.Script) ([]prepared, error) {
	var found []prepared

	used := map[string]bool{}

	for i, statement := range sqltext.PostgreSQL.Statements(script.Text) {
		place := fmt.Sprintf("statement %d, line %d", i+1, statement.Line)

		text, values, names, err := sqltext.PostgreSQL.Bind(statement.Text, script.Bind)
		if err != nil {
			return nil, s.wrongScript(place+": "+err.Error(), "")
		}

		if why := refused(text); why != "" {
			return nil, s.wrongScript(place+": "+why, "leave it out")
		}

		parameters, err := encodeParameters(values)
		if err != nil {
			return nil, s.wrongScript(place+": "+err.Error(), "")
		}

		maps.Copy(used, names)

		found = append(found, prepared{text, parameters, place})
	}

	if err := sqltext.Unused(script.Bind, used); err != nil {
		return nil, s.wrongScript(err.Error(), "")
	}

	return found, nil
}

func (s *Source) wrongScript(message, hint string) error {
	return &source.Error{Code: source.CodeQueryInvalid, Source: s.name, Message: message, Hint: hint}
}

// refused says why a statement is not run, or nothing. A script can't end its own transaction: it would no longer be all or
// nothing.
func refused(statement string) string {
	words := strings.FieldsFunc(strings.ToUpper(statement), func(r rune) bool { return r < 'A' || r > 'Z' })
	words = append(words, "", "", "") // A statement may be shorter than what is looked for.

	switch words[0] {
	case "BEGIN", "COMMIT", "END", "ABORT", "START":
		return words[0] + " is not for scripts: a script is one transaction as it is"
	case "ROLLBACK":
		if words[1] != "TO" && words[2] != "TO" {
			return "ROLLBACK is not for scripts: a script is one transaction as it is, and an error rolls it back"
		}
	case "PREPARE":
		if words[1] == "TRANSACTION" {
			return "PREPARE TRANSACTION is not for scripts: a script is one transaction as it is"
		}
	case "COPY":
		if strings.Contains(strings.Join(words, " "), " FROM STDIN") {
			return "COPY FROM STDIN has nothing to read here"
		}
	}

	return ""
}
