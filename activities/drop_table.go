package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// The reasons why a file stays although it was to be dropped, with what to do.
const (
	otherVersion = "the file was replaced or changed after it was read, so it was not dropped; load it again"
	unknownParts = "the load did not report which files it read, so nothing was dropped; " +
		"compare the target with the files, then drop them or load them again"
)

// DropTable removes the table that a LoadTableFromSource has read, after all of it was written. If the table consists of
// files, it removes the files that were read; a file of another version stays and is reported. DropTable is idempotent: a
// missing table is no error.
func (a *Activities) DropTable(ctx context.Context, task job.Task, table job.SourceTable) (*job.Dropped, error) {
	return runAttempt(ctx, a, task, func(ctx context.Context, s *step) (*job.Dropped, error) { return s.dropTable(ctx, table) })
}

func (s *step) dropTable(ctx context.Context, table job.SourceTable) (*job.Dropped, error) {
	from, err := open[source.Dropper](ctx, s, table.Source, source.CanDrop)
	if err != nil {
		return nil, err
	}

	if files, hasFiles := from.(source.FileDropper); hasFiles {
		return dropFiles(ctx, files, table)
	}

	return &job.Dropped{}, from.DropTable(ctx, source.Table{Space: table.Space, Name: table.Table})
}

// dropFiles removes the files of a table in the versions that were read.
func dropFiles(ctx context.Context, from source.FileDropper, table job.SourceTable) (*job.Dropped, error) {
	dropped := &job.Dropped{}

	if len(table.Parts) == 0 {
		dropped.Kept = append(dropped.Kept, job.Kept{
			Table: source.Table{Space: table.Space, Name: table.Table}.String(), Reason: unknownParts,
		})
	}

	for _, part := range table.Parts {
		isOther, err := from.DropFile(ctx, part)
		if err != nil {
			return nil, err
		}

		if isOther {
			dropped.Kept = append(dropped.Kept, job.Kept{Table: part.Table.Name, Reason: otherVersion})
		}
	}

	for _, kept := range dropped.Kept {
		activity.GetLogger(ctx).Warn("A file was not dropped", "source", table.Source, "file", kept.Table, "reason", kept.Reason)
	}

	return dropped, nil
}
