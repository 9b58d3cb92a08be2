package files

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// DropTable removes the file, or all files that match the pattern.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	names, _, err := s.files(ctx, table)
	if isMissing(err) {
		return nil
	}

	if err != nil {
		return err
	}

	for _, name := range names {
		if err := s.store.Delete(ctx, name); err != nil {
			return s.named(err, table)
		}
	}

	return nil
}
