package files

import (
	"context"
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// named returns err with the names of the source and the table added, if it has none. Errors of unknown type are classified
// as retryable. The ends of streams and contexts are returned unchanged.
func (s *Source) named(err error, table source.Table) error {
	if err == nil || err == io.EOF {
		return err
	}

	known, isKnown := errors.AsType[*source.Error](err)

	switch {
	case isKnown && known.Source != "":
		return err
	case isKnown:
		named := *known
		named.Source, named.Table = s.name, table.String()

		return &named
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}

	return &source.Error{
		Code: source.CodeUnavailable, Source: s.name, Table: table.String(),
		Message: "the file can't be read or written: " + err.Error(), Retryable: true, Err: err,
	}
}

// aborted aborts a draft after err and returns err, joined with the error of the abort, if any.
func (s *Source) aborted(draft Draft, err error, table source.Table) error {
	if failed := draft.Abort(); failed != nil {
		return errors.Join(err, s.named(failed, table))
	}

	return err
}

// isMissing reports whether err says that a table does not exist.
func isMissing(err error) bool {
	known, isKnown := errors.AsType[*source.Error](err)

	return isKnown && known.Code == source.CodeTableNotFound
}
