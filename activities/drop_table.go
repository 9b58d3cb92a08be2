package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// DropTable removes the table that a LoadTableFromSource has read, or its parts, when all of it was written. A file that is
// not the one that was read stays, which the answer tells. It may be repeated: that there is no such table is no error.
func (a *Activities) DropTable(ctx context.Context, task job.Task, table job.SourceTable) (*job.Dropped, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.Dropped, error) {
		from, release, err := open[source.Dropper](ctx, s, table.Source, "drop tables")
		if err != nil {
			return nil, err
		}

		defer release()

		if len(table.Parts) == 0 {
			return &job.Dropped{}, from.DropTable(ctx, source.Table{Space: table.Space, Name: table.Table})
		}

		dropped := &job.Dropped{}

		for i, name := range table.Parts {
			part := source.Part{Table: source.Table{Name: name}}
			if len(table.Versions) > i {
				part.Version = table.Versions[i]
			}

			isOther, err := dropPart(ctx, from, part)
			if err != nil {
				return nil, err
			}

			if isOther {
				activity.GetLogger(ctx).Warn(otherVersion, "source", table.Source, "file", name)

				dropped.Kept = append(dropped.Kept, job.Kept{Table: name, Reason: otherVersion})
			}
		}

		return dropped, nil
	})
}

// dropPart removes a part of a table. It reports whether another version of it is there, which stays.
func dropPart(ctx context.Context, from source.Dropper, part source.Part) (isOther bool, err error) {
	if keeper, hasFiles := from.(source.FileDropper); hasFiles {
		return keeper.DropFile(ctx, part)
	}

	return false, from.DropTable(ctx, part.Table)
}
