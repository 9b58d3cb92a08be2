package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// Audit warns of a user with administrative privileges, which apply to the whole server, and of a user who can't keep the
// ledger. The server checks the privileges for statements that change nothing.
func (s *Source) Audit(ctx context.Context) ([]source.Warning, error) {
	var warnings []source.Warning

	err := s.on(ctx, s.writing, source.Table{}, source.CodeUnavailable, func(session *session) (err error) {
		warnings, err = session.audit(ctx)

		return err
	})

	return warnings, err
}

func (s *session) audit(ctx context.Context) ([]source.Warning, error) {
	var user string
	if err := s.conn.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&user); err != nil {
		return nil, err
	}

	at := strings.LastIndex(user, "@") // The name may contain @, too.
	user = fmt.Sprintf("'%s'@'%s'", user[:at], user[at+1:])

	warnings, err := s.auditUser(ctx, user)
	if err != nil || !s.source.ledger.Enabled() || s.space == "" {
		return warnings, err
	}

	missing, err := s.auditLedger(ctx, user)

	return append(warnings, missing...), err
}

// administrative are privileges for the whole server that no job needs.
const administrative = "'CREATE USER', 'FILE', 'SHUTDOWN', 'SUPER'"

// auditUser warns of administrative privileges.
func (s *session) auditUser(ctx context.Context, user string) ([]source.Warning, error) {
	var privileges string

	query := "SELECT COALESCE(GROUP_CONCAT(privilege_type ORDER BY privilege_type SEPARATOR ', '), '') " +
		"FROM information_schema.user_privileges WHERE privilege_type IN (" + administrative + ") AND grantee = ?"

	err := s.conn.QueryRowContext(ctx, query, user).Scan(&privileges)
	if err != nil || privileges == "" {
		return nil, err
	}

	consequence := "a script can use them"
	if strings.Contains(privileges, "FILE") {
		consequence = "a query can read files of the server"
	}

	return []source.Warning{{
		Message: fmt.Sprintf("the user %s has the administrative privileges %s: %s", user, privileges, consequence),
		Hint:    "use a user with privileges on this database only; docs/sources.md lists them",
	}}, nil
}

// auditLedger warns of missing privileges on the ledger.
func (s *session) auditLedger(ctx context.Context, user string) ([]source.Warning, error) {
	a, err := s.newAttempt(source.IdempotencyKey{Run: "audit"})
	if err != nil {
		return nil, err
	}

	privileges := "SELECT, INSERT, DELETE, CREATE"

	_, _, err = a.lookUp(ctx)

	switch {
	case number(err) == errNoSuchTable:
		err = s.prepare(ctx, a.definition())
	case err == nil:
		privileges = "SELECT, INSERT, DELETE"
		err = errors.Join(s.prepare(ctx, a.insertion()+"SELECT '', '', '', 0, NULL, UTC_TIMESTAMP(6) FROM DUAL WHERE FALSE"),
			s.prepare(ctx, "DELETE FROM "+quoteTable(a.table)+" WHERE `run` = ''"))
	}

	if !slices.Contains(permissionErrors, number(err)) {
		return nil, err
	}

	native, _ := errors.AsType[*mysql.MySQLError](err)

	return []source.Warning{{
		Message: "steps can't change this source, because they can't keep its ledger: " + native.Message,
		Hint: fmt.Sprintf("GRANT %s ON %s TO %s; or set ledger to a table in another database; "+
			"a source that is only read can have ledger: %s", privileges, quoteTable(a.table), user, ledger.None),
	}}, nil
}

// prepare prepares a statement, for which the server checks the privileges, and does not run it.
func (s *session) prepare(ctx context.Context, text string) (err error) {
	statement, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return err
	}

	defer func() { err = statement.Close() }()

	return nil
}
