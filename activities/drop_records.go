package activities

import (
	"context"

	"github.com/jobwright/jobwright/job"
)

// DropRecords drops records that were set aside. It may be repeated: what was dropped before is gone.
func (a *Activities) DropRecords(ctx context.Context, task job.Task, key string) error {
	return perform(ctx, a, task, func(ctx context.Context, s *step) error {
		if err := s.activities.results.Drop(ctx, key); err != nil {
			return &storeError{"the records that were set aside can't be dropped", err}
		}

		return nil
	})
}
