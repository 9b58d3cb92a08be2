package postgres

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/jobwright/jobwright/source"
)

// failure is an error with the context in which it occurred.
type failure struct {
	err      error
	table    source.Table
	writing  bool   // Whether records were being written, so that a data exception is the error of a record.
	reading  bool   // Whether the transaction was read-only, so that an attempt to write is the query's mistake.
	location string // The statement of a script; empty if there is none.
	record   string // The record that was being read, for example "record 3"; empty if it is unknown.
}

// classify returns the [*source.Error] for an error. It completes an error that is one already, and returns the error of an
// ended context unchanged, and nil if there is no error.
func (s *Source) classify(ctx context.Context, failed failure) error {
	switch {
	case failed.err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}

	if reading := new(readingError); errors.As(failed.err, &reading) {
		return reading.err
	}

	if tooLarge := new(pgproto3.ExceededMaxBodyLenErr); errors.As(failed.err, &tooLarge) {
		failed.err = source.RecordTooLarge(cmp.Or(failed.record, "a record"))
	}

	if known, isKnown := errors.AsType[*source.Error](failed.err); isKnown {
		_ = known.Locate(s.name, failed.table)

		return failed.err
	}

	if explained := s.explainLedger(failed.err); explained != nil {
		return explained
	}

	problem := &source.Error{Source: s.name, Table: failed.table.String(), Err: failed.err}

	if native, isNative := errors.AsType[*pgconn.PgError](failed.err); isNative {
		s.explain(problem, native, failed)
	} else {
		s.explainConnection(problem, failed.err)
	}

	if lost := new(commitError); errors.As(failed.err, &lost) {
		problem.Code, problem.Retryable = source.CodeUnavailable, false
		problem.Message = "the connection was lost during the commit: " + problem.Message
		problem.Hint = "check whether the change has been committed before you retry it"
	}

	if failed.location != "" {
		problem.Message = failed.location + ": " + problem.Message
	}

	return problem
}

// explainConnection describes an error that the server has not sent: it can't be reached, or the connection was lost.
func (s *Source) explainConnection(problem *source.Error, err error) {
	problem.Code, problem.Retryable = source.CodeUnavailable, true

	var (
		number  syscall.Errno
		unknown *net.DNSError
	)

	reason := "the connection was lost"

	switch {
	case errors.As(err, &unknown):
		reason, problem.Hint = "the host name can't be resolved", "correct the host in connStr, or check the name server"
	case errors.As(err, &number):
		reason = number.Error()
	case errors.Is(err, context.DeadlineExceeded):
		reason = "the server does not answer"
	case tlsReason(err) != "":
		reason, problem.Hint = tlsReason(err), "correct sslmode and the certificates in connStr, or the server's configuration"
		problem.Retryable = false
	}

	problem.Message = fmt.Sprintf("PostgreSQL at %s: %s", s.server, reason)
}

// tlsReason returns why the TLS handshake failed, or "" if err is another error. A failed handshake is not retryable: its
// reason is the configuration of one of the sides.
func tlsReason(err error) string {
	var (
		header      tls.RecordHeaderError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		alert       *net.OpError
	)

	switch {
	case errors.As(err, &header), strings.Contains(err.Error(), "server refused TLS connection"): // pgconn has no type for it.
		return "the server does not support TLS"
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &authority):
		return authority.Error()
	case errors.As(err, &alert) && alert.Op == "remote error" && !strings.Contains(alert.Error(), "internal error"):
		return alert.Error()
	}

	return ""
}

// explain describes an error of the server by its SQLSTATE; see
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (s *Source) explain(problem *source.Error, native *pgconn.PgError, failed failure) {
	problem.Message = native.Message
	if native.Detail != "" {
		problem.Message += ": " + strings.TrimSuffix(native.Detail, ".")
	}

	class := native.Code[:min(2, len(native.Code))]

	known, found := states[native.Code]
	if !found {
		known, found = classes[class]
	}

	switch {
	case failed.reading && native.Code == "25006":
		known = meaning{source.CodeQueryInvalid, false, "a query can't change data; use a script"}
	case failed.writing && (class == "22" || class == "23"):
		known = meaning{source.CodeRecordInvalid, false, native.Hint}
		problem.Message = copyLocation(native) + problem.Message
	case !found:
		known = meaning{source.CodeQueryInvalid, false, native.Hint}
	}

	problem.Code, problem.Retryable, problem.Hint = known.code, known.retryable, known.hint
}

// copyContext matches the context that the server reports with an error of a COPY, in any language. The line is the number
// of the record; the column may be missing.
var copyContext = regexp.MustCompile(`^COPY .+?, \S+ (\d+)(?:, \S+ ([^:]+))?`)

// copyLocation returns the record and the column that the server was reading, as the beginning of a message.
func copyLocation(native *pgconn.PgError) string {
	found := copyContext.FindStringSubmatch(native.Where)
	column := native.ColumnName

	switch {
	case found == nil:
		return ""
	case found[2] != "":
		column = found[2]
	}

	if column == "" {
		return fmt.Sprintf("record %s: ", found[1])
	}

	return fmt.Sprintf("record %s, column %q: ", found[1], column)
}

// meaning is the classification of an SQLSTATE.
type meaning struct {
	code      source.Code
	retryable bool
	hint      string
}

// classes are the meanings of SQLSTATEs by their first two characters. Every other class means an invalid query.
var classes = map[string]meaning{
	"08": {source.CodeUnavailable, true, ""}, // The connection.
	"28": {source.CodeUnavailable, false, "correct the user and the password in app.yaml"},
	"40": {source.CodeUnavailable, true, ""}, // Rolled back, after a deadlock for example.
	"53": {source.CodeUnavailable, true, "the server has run out of a resource"},
	"54": {source.CodeLimitExceeded, false, "it is a limit of the server"},
	"57": {source.CodeUnavailable, true, ""}, // An operator intervened.
	"58": {source.CodeUnavailable, true, "the server's operating system reported an error"},
	"F0": {source.CodeUnavailable, false, "correct the server's configuration"},
	"XX": {source.CodeUnavailable, false, "see the server's log"},
}

// states are the meanings of SQLSTATEs that differ from those of their class.
var states = map[string]meaning{
	"25001": {source.CodeQueryInvalid, false, "the statement can't run in a transaction; put it in a script of its own"},
	"25006": {source.CodeUnavailable, true, "the server is a standby or read-only"},
	"25P03": {source.CodeUnavailable, true, ""},
	"2BP01": {source.CodeQueryInvalid, false, "refill the table instead, or remove the objects that depend on it"},
	"2D000": {source.CodeQueryInvalid, false, "the script's transaction can't be committed; put the CALL in a script of its own"},
	"3D000": {source.CodeUnavailable, false, "create the database first, or correct its name in connStr"},
	"3F000": {source.CodeTableNotFound, false, "create the schema first, or correct its name"},
	"42501": {source.CodeQueryInvalid, false, "grant the permission to the source's user"},
	"42P01": {source.CodeTableNotFound, false, "load the table first, or correct its name"},
	"42P18": {source.CodeQueryInvalid, false, "state the parameter's type, for example CAST(:name AS integer)"},
	"55006": {source.CodeUnavailable, true, "other sessions use the object"},
	"55P03": {source.CodeUnavailable, true, "another session has locked the table"},
	"57P04": {source.CodeUnavailable, false, "the database was dropped"},
}
