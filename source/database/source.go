package database

import "github.com/jobwright/jobwright/source"

// Source is a SQL database: what every driver of one implements.
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
