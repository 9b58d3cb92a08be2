package source

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// Code is the stable name of a kind of error. docs/errors.md documents the codes.
type Code string

// The codes of errors that sources report.
const (
	CodeAlreadyChanged       Code = "source_already_changed"
	CodeDefinitionInvalid    Code = "source_definition_invalid"
	CodeLimitExceeded        Code = "source_limit_exceeded"
	CodeOperationUnsupported Code = "source_operation_unsupported"
	CodeQueryInvalid         Code = "source_query_invalid"
	CodeRecordInvalid        Code = "source_record_invalid"
	CodeRequestRefused       Code = "source_request_refused"
	CodeTableNotFound        Code = "source_table_not_found"
	CodeUnavailable          Code = "source_unavailable"
)

// Codes returns all codes.
func Codes() []Code {
	return []Code{
		CodeAlreadyChanged, CodeDefinitionInvalid, CodeLimitExceeded, CodeOperationUnsupported, CodeQueryInvalid,
		CodeRecordInvalid, CodeRequestRefused, CodeTableNotFound, CodeUnavailable,
	}
}

// Error is an error of a source, with its place and a hint for solving it.
type Error struct {
	Code      Code
	Source    string // The source's name in its app.
	Table     string // The table, if the error concerns a table.
	Message   string // What went wrong, in one sentence without a full stop.
	Hint      string // How to solve it, if that is known.
	Retryable bool   // Whether the same call may succeed later without any change.
	Err       error  // The cause, or nil.

	RetryAfter time.Duration // How long the source asks its callers to wait before they retry; 0 if it does not.
}

// Error returns the source, the table, the message and the hint.
func (e *Error) Error() string {
	var text strings.Builder

	fmt.Fprintf(&text, "source %q", e.Source)

	if e.Table != "" {
		fmt.Fprintf(&text, ", table %q", e.Table)
	}

	text.WriteString(": " + e.Message)

	if e.Hint != "" {
		text.WriteString(" (" + e.Hint + ")")
	}

	return text.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Locate sets the source and the table of an error that has no source yet, and returns the error.
func (e *Error) Locate(sourceName string, table Table) *Error {
	if e.Source == "" {
		e.Source = sourceName

		if e.Table == "" {
			e.Table = table.String()
		}
	}

	return e
}

// TableNotFound returns the error for a table that does not exist.
func TableNotFound(sourceName string, table Table) *Error {
	return &Error{
		Code: CodeTableNotFound, Source: sourceName, Table: table.String(),
		Message: "the table does not exist", Hint: "load the table first, or correct its name",
	}
}

// PanicError is a recovered panic. Code that runs in a goroutine of its own reports a panic as an error, since the panic
// would otherwise end the process.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Recover stores a panic of the function that defers it as a [*PanicError].
func Recover(err *error) { //nolint:gocritic // A deferred function sets the result.
	if panicked := recover(); panicked != nil { //nolint:revive // The function is deferred.
		*err = &PanicError{Value: panicked, Stack: debug.Stack()}
	}
}
