package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sqltext"
)

// Execute runs the statements of a script in one transaction. Settings that the script changes are reset after it.
//
// The script is recorded in the ledger by the same transaction, so that it takes effect exactly once, as described at
// [Source.WriteTable]. Deferred constraints are checked before the record is added.
//
// A script of one statement runs without a transaction if it is not recorded, or if the server rejects it in a transaction:
// VACUUM, CREATE DATABASE, CREATE INDEX CONCURRENTLY, CALL of a procedure that commits. Such a script is not recorded: it
// runs again if its answer is lost and another attempt follows.
func (s *Source) Execute(ctx context.Context, script source.Script) (int64, error) {
	statements, err := s.parse(script)
	if err != nil || len(statements) == 0 {
		return 0, err
	}

	if !s.ledger.Records(script.IdempotencyKey) {
		if script.OnlyRecorded {
			return 0, source.ErrUnrecorded
		}

		opening := ""
		if len(statements) > 1 {
			opening = "BEGIN"
		}

		return s.execute(ctx, opening, statements, script.Report, func(session *session, _ int64) error {
			if len(statements) == 1 {
				return nil
			}

			return s.classify(ctx, failure{err: session.commit(ctx)})
		})
	}

	changed, err := s.executeOnce(ctx, script, statements)
	if len(statements) == 1 && needsNoTransaction(err) {
		if script.OnlyRecorded {
			return 0, source.ErrUnrecorded
		}

		return s.execute(ctx, "SET "+setAttemptName(script.IdempotencyKey), statements, script.Report,
			func(*session, int64) error { return nil })
	}

	return changed, err
}

// executeOnce runs statements in a transaction that also records them.
func (s *Source) executeOnce(ctx context.Context, script source.Script, statements []statement) (int64, error) {
	key := script.IdempotencyKey

	table, err := s.openLedger(ctx)
	if err != nil {
		return 0, s.classify(ctx, failure{err: err})
	}

	// The look-up needs a transaction of its own: the script may begin with SET TRANSACTION, which must be the first statement.
	written, found, err := s.lookUp(ctx, s.writing, beginWriting, key)

	if err == nil && !found {
		opening := "BEGIN; SET LOCAL " + setAttemptName(key)
		written.Rows, err = s.execute(ctx, opening, statements, script.Report, func(session *session, changed int64) error {
			if err := session.recordScript(ctx, table, key, changed); err != nil {
				return err
			}

			return session.commit(ctx)
		})

		written, err = s.finishAttempt(ctx, key, written, err)
	}

	return written.Rows, s.classify(ctx, failure{err: err})
}

// recordScript records a script. The script may have changed the user, so deferred constraints are checked as that user and
// the record is added as the original one. A script that has made its transaction read-only has changed nothing and is not
// recorded.
func (s *session) recordScript(ctx context.Context, table string, key source.IdempotencyKey, changed int64) error {
	if err := s.run(ctx, `SET CONSTRAINTS ALL IMMEDIATE;
		RESET SESSION AUTHORIZATION; RESET ROLE; SET LOCAL lock_timeout = '10s'`); err != nil {
		return err
	}

	onlyRead, err := s.query(ctx,
		"SELECT current_setting('transaction_read_only') = 'on' AND pg_catalog.txid_current_if_assigned() IS NULL")
	if err != nil || onlyRead[0][0] == "t" {
		return err
	}

	return s.record(ctx, table, key, source.Written{Rows: changed})
}

// needsNoTransaction reports whether the server has rejected a statement because it can't run in a transaction.
func needsNoTransaction(err error) bool {
	native, isNative := errors.AsType[*pgconn.PgError](err)

	return isNative && (native.Code == "25001" || native.Code == "2D000")
}

// execute runs statements in a session of their own, calls end in the same session, and returns the number of records that
// the statements have changed.
func (s *Source) execute(
	ctx context.Context, opening string, statements []statement, report func(changed int64),
	end func(session *session, changed int64) error,
) (int64, error) {
	session, err := begin(ctx, s.writing, opening)
	if err != nil {
		return 0, s.classify(ctx, failure{err: err})
	}
	defer session.discard(ctx)

	changed := int64(0)

	for _, statement := range statements {
		var types []uint32
		if !statement.parameters.areInferred() {
			_, types, err = session.prepare(ctx, statement.text, statement.parameters)
		}

		var tag pgconn.CommandTag
		if err == nil {
			tag, err = session.conn.ExecParams(ctx, statement.text, statement.parameters.values, types, nil, nil).Close()
		}

		if err != nil {
			return 0, s.classify(ctx, failure{err: err, location: statement.location})
		}

		if !tag.Select() {
			changed += tag.RowsAffected()
		}

		report(changed)
	}

	if err := end(session, changed); err != nil {
		return 0, err
	}

	return changed, nil
}

// statement is a statement of a script with the values of its parameters.
type statement struct {
	text       string
	parameters parameters
	location   string // For messages: the statement's number and line.
}

// parse splits a script into statements and binds its parameters.
func (s *Source) parse(script source.Script) ([]statement, error) {
	bound, err := sqltext.PostgreSQL.BindScript(script.Text, script.Bind)
	if err != nil {
		return nil, sqltext.Invalid(s.name, err, sqltext.ScriptHint)
	}

	statements := make([]statement, len(bound))

	for i, of := range bound {
		if reason := refusal(of.Text); reason != "" {
			return nil, sqltext.Invalid(s.name, errors.New(of.Location+": "+reason), "remove the statement")
		}

		parameters, err := encodeParameters(of.Values)
		if err != nil {
			return nil, sqltext.Invalid(s.name, fmt.Errorf("%s: %w", of.Location, err), sqltext.ScriptHint)
		}

		statements[i] = statement{of.Text, parameters, of.Location}
	}

	return statements, nil
}

// refusal returns why a script must not contain a statement, or "" if it may. A script that ends its own transaction would no
// longer be atomic.
func refusal(statement string) string {
	words := strings.FieldsFunc(strings.ToUpper(statement), func(r rune) bool { return r < 'A' || r > 'Z' })
	words = append(words, "", "", "") // The switch reads three words.

	switch words[0] {
	case "BEGIN", "COMMIT", "END", "ABORT", "START":
		return words[0] + " is not allowed in a script, which runs in one transaction"
	case "ROLLBACK":
		if words[1] != "TO" && words[2] != "TO" {
			return "ROLLBACK is not allowed in a script, which runs in one transaction; an error rolls it back"
		}
	case "PREPARE":
		if words[1] == "TRANSACTION" {
			return "PREPARE TRANSACTION is not allowed in a script, which runs in one transaction"
		}
	case "COPY":
		if strings.Contains(strings.Join(words, " "), " FROM STDIN") {
			return "COPY FROM STDIN is not allowed in a script, which has no input"
		}
	}

	return ""
}
