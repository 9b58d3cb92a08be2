package mysql

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
)

// The numbers of errors that this driver handles (https://mariadb.com/kb/en/mariadb-error-codes and
// https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
const (
	errUnknownDatabase     = 1049
	errTableExists         = 1050
	errUnknownTable        = 1051
	errDuplicate           = 1062
	errUnknownConnection   = 1094
	errForeignConnection   = 1095
	errNotLocked           = 1100
	errNoSuchTable         = 1146
	errNotPreparable       = 1295
	errReadOnlyTransaction = 1792
)

// meaning is the classification of errors of the server.
type meaning struct {
	code      source.Code // Empty for the code of the operation.
	retryable bool
	hint      string
}

// meanings are the meanings of errors by their numbers.
var meanings = func() map[uint16]meaning {
	meanings := map[uint16]meaning{}

	add := func(code source.Code, retryable bool, hint string, numbers ...uint16) {
		for _, number := range numbers {
			meanings[number] = meaning{code, retryable, hint}
		}
	}

	add(source.CodeUnavailable, true, "another session holds a lock that this operation requires",
		1020, 1099, 1205, 1206, 1213, 3572)
	add(source.CodeUnavailable, true, "the server's disk or tablespace is full", 1021, 1114)
	add(source.CodeUnavailable, true, "the server has temporarily reached a limit of its capacity",
		1037, 1038, 1040, 1041, 1203, 1226)
	add(source.CodeUnavailable, true, "the server terminated or temporarily refused the operation",
		1053, 1077, 1078, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 3168, // The connection was lost.
		1047, 1180, 1290, 1317, 1412, 1615, 1836, 1969, 3024)
	add(source.CodeUnavailable, false, "check user and password, and whether the user may connect from this host",
		1045, 1129, 1130, 1251, 1524, 1698, 3118, 4151)
	add(source.CodeUnavailable, false, "grant the privilege to the source's user", permissionErrors...)
	add(source.CodeUnavailable, false, "correct the database in connStr", errUnknownDatabase)
	add(source.CodeTableNotFound, false, "load the table first, or correct its name", errNoSuchTable, errUnknownTable)
	add(source.CodeQueryInvalid, false, "a query may only read; use a script to change data", errReadOnlyTransaction)
	add("", false, "correct the value, or the table's definition",
		1048, 1062, 1153, 1216, 1217, 1263, 1264, 1265, 1292, 1301, 1364, 1365, 1366, 1367, 1406, 1411, 1416, 1441, 1451, 1452,
		1526, 1586, 1690, 1748, 1761, 1762, 1859, 3140, 3141, 3157, 3819, 4025, 4078)

	return meanings
}()

// permissionErrors are the errors because of missing privileges.
var permissionErrors = []uint16{1044, 1142, 1143, 1227, 1370}

// number returns the number of a server's error, or 0 for other errors.
func number(err error) uint16 {
	if native, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return native.Number
	}

	return 0
}

// classify converts an error to a [source.Error] with a message, a hint and whether a retry may succeed. It returns the
// context's error if the context has ended, and adds the source and the table to errors that are classified already. Errors
// that it does not recognize get the code fallback.
func (s *Source) classify(ctx context.Context, table source.Table, fallback source.Code, err error) error {
	if err == nil || err == io.EOF {
		return err
	}

	if ended := ctx.Err(); ended != nil {
		return ended
	}

	if classified, ok := errors.AsType[*source.Error](err); ok {
		return classified.Locate(s.name, table)
	}

	problem := &source.Error{Code: fallback, Source: s.name, Table: table.String(), Message: err.Error(), Err: err}

	if native, ok := errors.AsType[*mysql.MySQLError](err); ok {
		problem.Message = native.Message
		explain(problem, table, native.Number)
	} else {
		explainConnection(problem, err)
	}

	return problem
}

// explain sets the code, the hint and retryability for a server's error.
func explain(problem *source.Error, table source.Table, number uint16) {
	if number == errUnknownDatabase && table.Name != "" { // The space of the table.
		number = errNoSuchTable
	}

	known, isKnown := meanings[number]

	switch {
	case isKnown:
		problem.Code, problem.Retryable, problem.Hint = cmp.Or(known.code, problem.Code), known.retryable, known.hint
	case problem.Code == source.CodeRecordInvalid:
		problem.Hint = "correct the value, or the table's definition"
	case problem.Code == source.CodeQueryInvalid:
		problem.Hint = "correct the query"
	}
}

// connectionErrors are the errors of the library and the operating system for a broken connection.
var connectionErrors = []error{
	mysql.ErrInvalidConn, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, driver.ErrBadConn,
	io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED,
}

// authErrors are the errors of the library if it has no authentication method in common with the server.
var authErrors = []error{
	mysql.ErrNoTLS, mysql.ErrCleartextPassword, mysql.ErrNativePassword, mysql.ErrOldPassword, mysql.ErrUnknownPlugin,
	mysql.ErrOldProtocol,
}

// explainConnection sets the message, the code, the hint and retryability for an error of the library or the network.
func explainConnection(problem *source.Error, err error) {
	is := func(errs []error) bool {
		return slices.ContainsFunc(errs, func(target error) bool { return errors.Is(err, target) })
	}

	var (
		network     *net.OpError
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
	)

	switch {
	case errors.Is(err, mysql.ErrPktTooLarge):
		problem.Hint = "raise the server's max_allowed_packet"
	case errors.As(err, &certificate), is(authErrors):
		problem.Code, problem.Hint = source.CodeUnavailable, "correct the parameters of connStr"
	case errors.As(err, &name):
		problem.Code, problem.Retryable, problem.Hint = source.CodeUnavailable, true, "check the host's name in connStr"
		problem.Message = "the server's address can't be resolved: " + name.Err
	case errors.As(err, &network) && network.Op == "dial":
		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message = "the server can't be reached: " + network.Err.Error()
		problem.Hint = "check connStr, and whether the server is running"
	case errors.As(err, &network), is(connectionErrors):
		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message, problem.Hint = "the connection to the server was lost", "the server may have been restarted"
	}
}
