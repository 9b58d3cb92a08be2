package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// leastPrivileges is how to avoid privileges that no job needs.
const leastPrivileges = "use a role that owns the schema of its tables and nothing else; docs/sources.md shows its definition"

// Audit warns of a superuser, of a user who can run programs or access files of the server, and of a user who can't keep the
// ledger. It keeps the ledger as a write does, in a transaction that it rolls back.
func (s *Source) Audit(ctx context.Context) ([]source.Warning, error) {
	var warnings []source.Warning

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		var err error
		warnings, err = session.auditRole(ctx)

		return err
	})
	if err != nil || !s.ledger.Enabled() {
		return warnings, s.classify(ctx, failure{err: err})
	}

	missing, err := s.auditLedger(ctx)
	if err != nil || missing == nil {
		return warnings, err
	}

	return append(warnings, *missing), nil
}

// auditRole warns of the attributes and memberships of the current role.
func (s *session) auditRole(ctx context.Context) ([]source.Warning, error) {
	rows, err := s.query(ctx, `
		SELECT r.rolname, r.rolsuper, coalesce(string_agg(g.rolname, ', ' ORDER BY g.rolname), '')
		FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_roles g
			ON g.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
			AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
		WHERE r.rolname = current_user GROUP BY r.rolname, r.rolsuper`)
	if err != nil || len(rows) == 0 {
		return nil, err
	}

	name, isSuperuser, groups := rows[0][0], rows[0][1] == "t", rows[0][2]

	switch {
	case isSuperuser:
		return []source.Warning{{
			Message: fmt.Sprintf("the role %s is a superuser: a query can run programs and read all files on the server", name),
			Hint:    leastPrivileges,
		}}, nil
	case groups != "":
		return []source.Warning{{
			Message: fmt.Sprintf("the role %s is a member of %s: a query can use programs or files of the server", name, groups),
			Hint:    leastPrivileges,
		}}, nil
	}

	return nil, nil
}

// auditLedger returns a warning if the user can't keep the ledger, or nil.
func (s *Source) auditLedger(ctx context.Context) (*source.Warning, error) {
	session, err := begin(ctx, s.writing, beginWriting)
	if err != nil {
		return nil, s.classify(ctx, failure{err: err})
	}
	defer session.end(ctx) // It rolls back.

	found, err := session.findLedger(ctx, s.ledger.Table())
	exists := err == nil && found != ""

	if err == nil && !exists {
		found, err = session.createLedger(ctx, s.ledger.Table())
	}

	for _, statement := range ledgerStatements(found) {
		if err == nil {
			err = session.run(ctx, "EXPLAIN "+statement) // It verifies the permissions.
		}
	}

	if err == nil {
		return nil, nil //nolint:nilnil // There is no warning.
	}

	problem, isKnown := errors.AsType[*source.Error](s.classify(ctx, failure{err: onLedger(err)}))
	if !isKnown || problem.Retryable {
		return nil, s.classify(ctx, failure{err: err})
	}

	warning := &source.Warning{
		Message: "steps can't change this source, because they can't keep its ledger: " +
			strings.TrimPrefix(problem.Message, "the ledger can't be used: "),
		Hint: problem.Hint,
	}

	if native, isNative := errors.AsType[*pgconn.PgError](err); isNative && native.Code == insufficientPrivilege {
		session.end(ctx) // The transaction has failed.

		if grant, err := s.ledgerGrant(ctx, exists); err == nil {
			warning.Hint = grant + "; or set ledger to a table in another schema; a source that is only read can have ledger: " +
				ledger.None
		}
	}

	return warning, nil
}

// insufficientPrivilege is the SQLSTATE of a missing permission.
const insufficientPrivilege = "42501"

// ledgerStatements are the statements that a ledger requires, without effect.
func ledgerStatements(table string) []string {
	return []string{
		"INSERT INTO " + table + " (job, run, step, rows, details, recorded_at) " +
			"SELECT job, run, step, rows, details, recorded_at FROM " + table + " ON CONFLICT (run, step) DO NOTHING",
		"DELETE FROM " + table + " WHERE recorded_at < now()",
	}
}

// ledgerGrant returns the statement that grants the user the missing permissions. exists says whether the ledger exists.
func (s *Source) ledgerGrant(ctx context.Context, exists bool) (string, error) {
	named := s.ledger.Table()

	var rows [][]string

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		var err error
		rows, err = session.query(ctx, "SELECT quote_ident(current_user), coalesce(nullif($1, ''), current_schema(), 'public')",
			named.Space)

		return err
	})
	if err != nil {
		return "", err
	}

	user, space := rows[0][0], rows[0][1]
	if exists {
		return fmt.Sprintf("GRANT SELECT, INSERT, DELETE ON %s TO %s", qualified(named), user), nil
	}

	return fmt.Sprintf("GRANT USAGE, CREATE ON SCHEMA %s TO %s", quote(space), user), nil
}
