// Package result is the store of result sets. A result set is written once, by the step that returns it, in the very
// form in which the API answers it, and is streamed into any number of answers without being decoded.
//
// Beside them it keeps records that a job sets aside to go over them: a line of JSON for each, which is read in pages.
package result
