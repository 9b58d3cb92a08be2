package postgres

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// DropTable removes a table, unless something depends on it.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	err := s.ledger.Guard(table)
	if err == nil {
		err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
			return session.run(ctx, "DROP TABLE IF EXISTS "+qualified(table))
		})
	}

	if err != nil {
		// To remove it once more changes nothing, so that a lost commit is no different from a lost connection.
		return s.classify(ctx, failure{err: repeatable(err), table: table})
	}

	return nil
}
