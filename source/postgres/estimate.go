package postgres

import (
	"context"
	"strconv"

	"github.com/jobwright/jobwright/source"
)

// EstimateRows returns about how many records a table has, as the server's planner estimates it: the density of records when the
// table was last analyzed, times the present size of the table. Views have no estimate.
func (s *Source) EstimateRows(ctx context.Context, table source.Table) (int64, error) {
	var count int64

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		found, err := session.query(ctx, `
			SELECT coalesce(sum(CASE WHEN c.relpages > 0 THEN c.reltuples / c.relpages * pg_catalog.pg_relation_size(c.oid) /
				pg_catalog.current_setting('block_size')::int END), 0)::bigint
			FROM pg_catalog.pg_class c
			WHERE c.relkind IN ('r', 'm') AND (c.oid = pg_catalog.to_regclass($1::text)
				OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1::text))))`,
			qualified(table))
		if err == nil {
			count, err = strconv.ParseInt(found[0][0], 10, 64)
		}

		return err
	})

	return count, s.classify(ctx, failure{err: err, table: table, reading: true})
}
