package format

import (
	"errors"
	"syscall"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/guard"
)

// Named adds the names of a source and a table to a [*Problem], or to a [*source.Error] without them. It returns other errors
// unchanged.
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

// explained converts err to an error to which [Named] can add names. Errors that neither a codec nor the file explains are
// retryable, because they do not concern the content.
func explained(err error) error {
	if _, ok := errors.AsType[*Problem](err); ok {
		return err
	}

	wrong, ok := errors.AsType[*source.Error](err)
	if !ok {
		wrong = &source.Error{
			Code: source.CodeUnavailable, Retryable: true, Err: err,
			Message: "the file cannot be read: " + guard.WithoutPath(err).Error(),
		}
	}

	return wrong
}

// notCopied returns the error for content that could not be copied to a temporary file.
func notCopied(err error) error {
	hint := "make the worker's folder for temporary files writable"
	if errors.Is(err, syscall.ENOSPC) {
		hint = "free space on the worker's disk for temporary files"
	}

	return &source.Error{
		Code: source.CodeUnavailable, Hint: hint, Retryable: errors.Is(err, syscall.ENOSPC), Err: err,
		Message: "the file cannot be copied to a temporary file: " + guard.WithoutPath(err).Error(),
	}
}
