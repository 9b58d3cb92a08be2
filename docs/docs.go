// Package docs contains those pages of the documentation that programs show.
package docs

import _ "embed"

// Errors is the page of all errors, in Markdown: each has a row in one of its tables, with its code, its meaning and its remedy.
//
//go:embed errors.md
var Errors string
