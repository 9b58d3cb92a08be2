package database

import "github.com/jobwright/jobwright/source"

// Source is an SQL database, as each driver implements it.
type Source interface {
	source.Reader
	source.Querier
	source.Writer
	source.Dropper
	source.Describer
	source.Estimator
	source.Overlapper
	source.Preparer
	source.Executor
	source.Ledger
}
