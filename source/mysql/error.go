package mysql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
)

// Numbers of errors that this driver asks for (https://mariadb.com/kb/en/mariadb-error-codes and
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

// Groups of errors that are told to people in the same words.
var (
	lockErrors = numbers(1020, 1099, 1205, 1206, 1213, 3572)
	diskErrors = numbers(1021, 1114)
	busyErrors = numbers(1037, 1038, 1040, 1041, 1203, 1226)
	lostErrors = numbers(1053, 1077, 1078, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 3168)
	failErrors = numbers(1047, 1180, 1290, 1317, 1412, 1615, 1836, 1969, 3024)
	userErrors = numbers(1045, 1129, 1130, 1251, 1524, 1698, 3118, 4151)
	mayErrors  = numbers(1044, 1142, 1143, 1227, 1370)
	dataErrors = numbers(1048, 1062, 1153, 1216, 1217, 1263, 1264, 1265, 1292, 1301, 1364, 1365, 1366, 1367, 1406, 1411, 1416,
		1441, 1451, 1452, 1526, 1586, 1690, 1748, 1761, 1762, 1859, 3140, 3141, 3157, 3819, 4025, 4078)
)

func numbers(of ...uint16) map[uint16]bool {
	set := map[uint16]bool{}
	for _, number := range of {
		set[number] = true
	}

	return set
}

// number returns the server's number of an error, or 0 for one that is none of the server's.
func number(err error) uint16 {
	if native, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return native.Number
	}

	return 0
}

// classify turns an error into one that says what is wrong, what to do, and whether trying again may help. Errors that are
// classified already, and the end of the context, pass as they are. What is unknown has the code otherwise.
func (s *Source) classify(ctx context.Context, table source.Table, otherwise source.Code, err error) error {
	if err == nil || err == io.EOF {
		return err
	}

	if ended := ctx.Err(); ended != nil {
		return ended
	}

	if classified, ok := errors.AsType[*source.Error](err); ok {
		return classified.Locate(s.name, table)
	}

	problem := &source.Error{Code: otherwise, Source: s.name, Table: table.String(), Message: err.Error(), Err: err}

	if native, ok := errors.AsType[*mysql.MySQLError](err); ok {
		problem.Message = native.Message
		explain(problem, table, native.Number)
	} else {
		explainConnection(problem, err)
	}

	return problem
}

// explain tells what an error of the server's means.
func explain(problem *source.Error, table source.Table, number uint16) {
	unavailable := func(retryable bool, hint string) {
		problem.Code, problem.Retryable, problem.Hint = source.CodeUnavailable, retryable, hint
	}

	switch {
	case lockErrors[number]:
		unavailable(true, "another session holds a lock that is needed here")
	case diskErrors[number]:
		unavailable(true, "the server's disk or tablespace is full")
	case busyErrors[number]:
		unavailable(true, "the server has no capacity left at the moment")
	case lostErrors[number], failErrors[number]:
		unavailable(true, "the server ended or refused this at the moment")
	case userErrors[number]:
		unavailable(false, "check user and password, and whether the user may connect from this machine")
	case mayErrors[number]:
		unavailable(false, "grant the source's user what it needs for this")
	case number == errNoSuchTable, number == errUnknownTable, number == errUnknownDatabase && table.Name != "":
		problem.Code, problem.Hint = source.CodeTableNotFound, "load the table first, or correct its name"
	case number == errUnknownDatabase:
		unavailable(false, "correct the database in connStr")
	case number == errReadOnlyTransaction:
		problem.Code, problem.Hint = source.CodeQueryInvalid, "a query may only read; run what changes data as a script"
	case dataErrors[number], problem.Code == source.CodeRecordInvalid:
		problem.Hint = "correct the value, or the table's definition"
	case problem.Code == source.CodeQueryInvalid:
		problem.Hint = "correct the query"
	}
}

// connectionErrors are what the library and the system report when a connection breaks.
var connectionErrors = []error{
	mysql.ErrInvalidConn, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, driver.ErrBadConn,
	io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED,
}

// authErrors are what the library reports when it and the server find no way to authenticate.
var authErrors = []error{
	mysql.ErrNoTLS, mysql.ErrCleartextPassword, mysql.ErrNativePassword, mysql.ErrOldPassword, mysql.ErrUnknownPlugin,
	mysql.ErrOldProtocol,
}

// explainConnection tells what an error means that is none of the server's.
func explainConnection(problem *source.Error, err error) {
	is := func(errs []error) bool {
		for _, one := range errs {
			if errors.Is(err, one) {
				return true
			}
		}

		return false
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
		problem.Message = "the server can't be found: " + name.Err
	case errors.As(err, &network) && network.Op == "dial":
		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message = "the server can't be reached: " + network.Err.Error()
		problem.Hint = "check connStr, and whether the server runs"
	case errors.As(err, &network), is(connectionErrors):
		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message, problem.Hint = "the connection to the server was lost", "it may have been restarted"
	}
}
