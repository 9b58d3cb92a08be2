// Package validation checks scenarios before a job runs: it parses files with the places of their parts, and checks fields,
// names, types, expressions, reachability and whole programs. All mistakes of a file are reported at once.
package validation
