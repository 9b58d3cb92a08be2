package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/jobwright/jobwright/source"
)

// Named returns err with the names of the source and the table that it happened in, where it is a [*source.Error] that has
// none yet, or a [*Problem]. Other errors are returned as they are.
func Named(err error, sourceName string, table source.Table) error {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return &source.Error{
			Code: source.CodeRecordInvalid, Source: sourceName, Table: table.String(),
			Message: problem.Error(), Hint: problem.Hint, Err: err,
		}
	}

	wrong, ok := errors.AsType[*source.Error](err)
	if !ok || (wrong.Source != "" && wrong.Table != "") {
		return err
	}

	named := *wrong
	if named.Source == "" {
		named.Source = sourceName
	}

	if named.Table == "" {
		named.Table = table.String()
	}

	return &named
}

// unsupported is the error for what can't be done with files.
func unsupported(message, hint string) error {
	return &source.Error{Code: source.CodeOperationUnsupported, Message: message, Hint: hint}
}

// known is err in a form that [Named] can name: what neither a codec nor the file's reader explains lies outside of the
// content, and may be over the next time.
func known(err error) error {
	if _, ok := errors.AsType[*Problem](err); ok {
		return err
	}

	wrong, ok := errors.AsType[*source.Error](err)
	if !ok {
		wrong = &source.Error{
			Code: source.CodeUnavailable, Message: "the file can't be read: " + cause(err), Retryable: true, Err: err,
		}
	}

	if !errors.Is(wrong.Err, io.EOF) {
		return wrong
	}

	// Who reads rows must not take a failure for their end.
	failure := *wrong
	failure.Err = fmt.Errorf("%w: %s", io.ErrUnexpectedEOF, cause(wrong.Err))

	return &failure
}

// notAside is the error for content that could not be set aside.
func notAside(err error) error {
	hint := "the worker needs a folder for temporary files that it can write to"
	if errors.Is(err, syscall.ENOSPC) {
		hint = "make room on the worker's disk for temporary files"
	}

	return &source.Error{
		Code: source.CodeUnavailable, Message: "the file can't be set aside for reading: " + cause(err), Hint: hint,
		Retryable: errors.Is(err, syscall.ENOSPC), Err: err,
	}
}

// cause is what err says without the path, which is the machine's and not the caller's business.
func cause(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}

	return err.Error()
}
