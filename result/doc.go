// Package result is the store of result sets. A result set is written once, by the step that returns it, in the very
// form in which the API answers it, and is streamed into any number of answers without being decoded. A small one is not
// stored at all: the reference to it holds it. Behind a stored one is an index, by which a page is found without going over
// what comes before it.
//
// Beside them it keeps records that a job sets aside to go over them: a line of JSON for each, which is read in pages.
//
// A store is a folder or a bucket of a cloud. What it took is still there after a crash or a power cut, and what it did
// not take wholly is never seen.
package result
