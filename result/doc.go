// Package result is the store of result sets. A result set is written once, by the step that returns it, in the very
// form in which the API answers it, and is streamed into any number of answers without being decoded.
package result
