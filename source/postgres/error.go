package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
)

// failure is an error with what is known of the place where it happened.
type failure struct {
	err     error
	table   source.Table
	writing bool // Whether records were being written, so that a wrong value is theirs.
	reading bool // Whether nothing may be changed, so that an attempt is the query's mistake.
	place   string
}

// classify turns an error into one that says what to do about it, and whether trying again may help. What is classified
// already gets the names that it lacks; the end of a context is returned as it is.
func (s *Source) classify(ctx context.Context, failed failure) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}

	if foreign := new(foreignError); errors.As(failed.err, &foreign) {
		return foreign.err
	}

	if known, isKnown := errors.AsType[*source.Error](failed.err); isKnown {
		known.Locate(s.name, failed.table)

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
		problem.Message = "the connection was lost while the server was told to commit: " + problem.Message
		problem.Hint = "look whether the change was made before you make it again"
	}

	if failed.place != "" {
		problem.Message = failed.place + ": " + problem.Message
	}

	return problem
}

// explainConnection explains what is no answer of the server's: it can't be reached, or not anymore.
func (s *Source) explainConnection(problem *source.Error, err error) {
	problem.Code, problem.Retryable = source.CodeUnavailable, true

	var (
		number  syscall.Errno
		unknown *net.DNSError
	)

	reason := "the connection was lost"

	switch {
	case errors.As(err, &unknown):
		reason, problem.Hint = "its name can't be resolved", "correct connStr, unless the name is known at other times"
	case errors.As(err, &number):
		reason = number.Error()
	case errors.Is(err, context.DeadlineExceeded):
		reason = "it does not answer"
	case ofTLS(err) != "":
		reason, problem.Hint = ofTLS(err), "correct sslmode and its certificates in connStr, or the server"
		problem.Retryable = false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // It is lost.
	}

	problem.Message = fmt.Sprintf("PostgreSQL at %s: %s", s.server, reason)
}

// ofTLS says what the two sides do not agree on of how the connection is encrypted, or "" where that is not the error. They
// will not agree the next time either.
func ofTLS(err error) string {
	var (
		ofRecord      tls.RecordHeaderError
		ofCertificate *tls.CertificateVerificationError
		ofAuthority   x509.UnknownAuthorityError
		ofAlert       *net.OpError
	)

	switch {
	case errors.As(err, &ofRecord), strings.Contains(err.Error(), "server refused TLS connection"): // It has no type.
		return "it speaks no TLS"
	case errors.As(err, &ofCertificate):
		return ofCertificate.Error()
	case errors.As(err, &ofAuthority):
		return ofAuthority.Error()
	case errors.As(err, &ofAlert) && ofAlert.Op == "remote error" && !strings.Contains(ofAlert.Error(), "internal error"):
		return ofAlert.Error()
	}

	return ""
}

// explain explains an error of the server's by its SQLSTATE, of which PostgreSQL's documentation has a list
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
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
		known = meaning{source.CodeQueryInvalid, false, "a query only reads; change data in a script"}
	case failed.writing && (class == "22" || class == "23"):
		known = meaning{source.CodeRecordInvalid, false, native.Hint}
		problem.Message = placeInCopy(native) + problem.Message
	case !found:
		known = meaning{source.CodeQueryInvalid, false, native.Hint}
	}

	problem.Code, problem.Retryable, problem.Hint = known.code, known.retryable, known.hint
}

// copied is how the server tells the line of a COPY, which is the number of a record, and the column, in any language.
var copied = regexp.MustCompile(`^COPY .+?, \S+ (\d+)(?:, \S+ ([^:]+))?`)

// placeInCopy tells which record and column the server was reading, where it says so.
func placeInCopy(native *pgconn.PgError) string {
	found := copied.FindStringSubmatch(native.Where)
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

// meaning is what an SQLSTATE means here.
type meaning struct {
	code      source.Code
	retryable bool
	hint      string
}

// classes are the meanings of SQLSTATEs by their first two characters. All others are mistakes of a query.
var classes = map[string]meaning{
	"08": {source.CodeUnavailable, true, ""}, // The connection.
	"28": {source.CodeUnavailable, false, "correct the user and the password in app.yaml"},
	"40": {source.CodeUnavailable, true, ""}, // Rolled back, after a deadlock for example.
	"53": {source.CodeUnavailable, true, "the server has no more of it for now"},
	"57": {source.CodeUnavailable, true, ""}, // An operator intervened.
	"58": {source.CodeUnavailable, true, "something outside of PostgreSQL failed"},
	"F0": {source.CodeUnavailable, false, "correct the server's configuration"},
	"XX": {source.CodeUnavailable, false, "the server's log tells more"},
}

// states are the meanings of SQLSTATEs that differ from those of their class.
var states = map[string]meaning{
	"25001": {source.CodeQueryInvalid, false, "it only runs outside of transactions; make it a script's only statement"},
	"25006": {source.CodeUnavailable, true, "the server is a standby, or set to be read only"},
	"25P03": {source.CodeUnavailable, true, ""},
	"2BP01": {source.CodeQueryInvalid, false, "views or other things depend on the table; refill it instead, or remove them"},
	"2D000": {source.CodeQueryInvalid, false, "in a transaction nothing else can commit; make it a script's only statement"},
	"3D000": {source.CodeUnavailable, false, "create the database first, or correct its name in connStr"},
	"3F000": {source.CodeTableNotFound, false, "create the schema first, or correct its name"},
	"42501": {source.CodeQueryInvalid, false, "grant the source's user what it needs"},
	"42P01": {source.CodeTableNotFound, false, "load the table first, or correct its name"},
	"42P18": {source.CodeQueryInvalid, false, "tell the parameter's type: CAST(:name AS integer) for example"},
	"55006": {source.CodeUnavailable, true, "others use it; try again when they have finished"},
	"55P03": {source.CodeUnavailable, true, "others use the table for long; try again when they have finished"},
	"57P04": {source.CodeUnavailable, false, "the database was dropped"},
}
