package source

import "context"

// Extent is the size of an input, as its source knows it, and how far the input has been read. A total is 0 if it is unknown.
type Extent struct {
	Bytes      int64 // The bytes that have been read.
	TotalBytes int64 // The size of the files of the input. If it is known, Bytes are bytes of these files.
	TotalRows  int64 // The number of records.
	Estimated  bool  // Whether the totals are estimates.
}

// Measured is implemented by [Rows] that know the size of their input. Extent may be called by any goroutine at any time, also
// while another one reads the rows.
type Measured interface {
	Extent() Extent
}

// ExtentOf returns the extent of rows. It is zero if the rows are not [Measured].
func ExtentOf(rows Rows) Extent {
	if measured, ok := rows.(Measured); ok {
		return measured.Extent()
	}

	return Extent{}
}

// Estimator is a [Reader] whose catalog has an estimate of the number of records of a table.
type Estimator interface {
	Reader

	// EstimateRows returns about how many records a table has, or 0 if the catalog has no estimate. It reads the catalog and no
	// records, so its time does not depend on the size of the table.
	EstimateRows(ctx context.Context, table Table) (int64, error)
}
