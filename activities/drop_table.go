package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// DropTable removes the table that a LoadTableFromSource has read, or its parts, when all of it was written. It may be
// repeated: that there is no such table is no error.
func (a *Activities) DropTable(ctx context.Context, task job.Task, table job.SourceTable) error {
	return perform(ctx, a, task, func(ctx context.Context, s *step) error {
		from, release, err := open[source.Dropper](ctx, s, table.Source, "drop tables")
		if err != nil {
			return err
		}

		defer release()

		if len(table.Parts) == 0 {
			return from.DropTable(ctx, source.Table{Space: table.Space, Name: table.Table})
		}

		for _, part := range table.Parts {
			if err := from.DropTable(ctx, source.Table{Name: part}); err != nil {
				return err
			}
		}

		return nil
	})
}
