package json

import "github.com/jobwright/jobwright/source"

// BatchesOfChunks is like Batches with chunks of a size.
func (r *Rows) BatchesOfChunks(size int) source.Batches { return r.batches(size) }
