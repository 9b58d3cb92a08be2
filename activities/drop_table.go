package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

// DropTable removes the table that a LoadTableFromSource has read, when all of it was written. It may be repeated: that there
// is no such table is no error.
func (a *Activities) DropTable(ctx context.Context, task job.Task, table job.SourceTable) error {
	return perform(ctx, a, task, func(ctx context.Context, s *step) error {
		from, release, err := open[source.Dropper](ctx, s, table.Source, "drop tables")
		if err != nil {
			return err
		}

		defer release()

		return from.DropTable(ctx, source.Table{Space: table.Space, Name: table.Table})
	})
}
