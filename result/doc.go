// Package result stores the result sets of jobs. The step that returns a result set writes it once, in the form of the API's
// response, and any number of responses stream it without decoding it. A small result set is not stored: the reference to it
// contains it. An index after a stored one makes pages accessible without reading the records before them.
//
// A store is a folder or a bucket of a cloud. A committed blob survives a crash and a power failure, and an uncommitted one is
// never visible. Beside result sets, a store contains the blobs of [github.com/jobwright/jobwright/result/spool].
package result
