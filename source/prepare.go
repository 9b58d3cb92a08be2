package source

import "context"

// Preparer is a source that checks queries and statements without running them: their syntax, their tables and their columns.
type Preparer interface {
	Source

	// PrepareQuery checks a query as [Querier.Query] would run it, and returns the names of the columns of its result, or nil
	// if the source does not know them before it runs the query. A table that does not exist is an [*Error] with
	// [CodeTableNotFound].
	PrepareQuery(ctx context.Context, query string, bind map[string]any) ([]string, error)

	// PrepareStatement checks one statement of a script. The values of bind may include those of other statements.
	PrepareStatement(ctx context.Context, statement string, bind map[string]any) error
}
