package activities

import (
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// maxParts bounds the files that are dropped when a pattern was loaded: the job keeps their names until then.
const maxParts = 1_000

// countFiles holds that a table that is to be dropped file by file has no more of them than a job can keep.
func (l *load) countFiles(table source.Rows) error {
	parts, hasParts := table.(source.Parts)
	if !hasParts || !l.params.DropSource || parts.Len() <= maxParts {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: l.params.Source, Table: l.params.Table,
		Message: fmt.Sprintf("dropSource drops at most %d files at a time, and the pattern matches %d", maxParts, parts.Len()),
		Hint:    "load fewer files by a narrower pattern, or drop dropSource",
	}
}
