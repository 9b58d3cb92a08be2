// Package vocabulary lists words that Jobwright's code and documentation do not use, because the field has a standard term
// for each. Its test reads every source file, page and configuration file of the repository.
package vocabulary
