package activities

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// maxParts bounds the files that are dropped when a pattern was loaded: the job keeps their names until then.
const maxParts = 1_000

// Why a file was not dropped, and what to do then.
const (
	otherVersion = "the file was replaced or changed after it was read, so it was not dropped; load it again"
	lostVersion  = "it was loaded by an older worker, and in which version is not known, so it was not dropped; look whether " +
		"it was changed since, and drop it or load it again"
)

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

// tellRead tells in the outcome which files were read, and in which versions: a pattern may match, when they are dropped, a
// file that came later, and a file may be another one by then.
func tellRead(outcome *job.StepOutcome, parts []source.Part) {
	for _, part := range parts {
		outcome.Read = append(outcome.Read, part.Table.Name)
		outcome.Versions = append(outcome.Versions, part.Version)
	}
}

// keep tells in the outcome that the files of a table stay, because the ledger does not tell which they were that an earlier
// attempt has loaded: what is there now may be something else.
func (s *step) keep(ctx context.Context, params scenario.LoadTableFromSource, outcome *job.StepOutcome) error {
	from, release, err := open[source.Source](ctx, s, params.Source, "be used")
	if err != nil {
		return err
	}

	defer release()

	if _, hasFiles := from.(source.FileDropper); hasFiles {
		table := source.Table{Space: params.Space, Name: params.Table}
		outcome.Kept = []job.Kept{{Table: table.String(), Reason: lostVersion}}
	}

	return nil
}
