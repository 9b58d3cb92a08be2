package sqlite

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// EstimateRows returns the largest rowid of a table, which SQLite finds at the end of the table: the number of its records, if
// none was deleted. Views and tables without a rowid have no estimate.
func (s *Source) EstimateRows(ctx context.Context, table source.Table) (count int64, err error) {
	err = s.read(ctx, table, func(c *connection) error {
		hasRowID := false

		// pragma_table_list names the type and whether the table is WITHOUT ROWID.
		err := c.each("SELECT type = 'table' AND NOT wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE",
			[]any{table.Name}, func(row *statement) error {
				hasRowID = row.integer(0) == 1

				return nil
			})
		if err != nil || !hasRowID {
			return err
		}

		return c.each("SELECT max(_rowid_) FROM "+quote(table.Name), nil, func(row *statement) error {
			count = max(row.integer(0), 0)

			return nil
		})
	})

	return count, err
}
