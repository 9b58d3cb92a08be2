package expression

import (
	"regexp"
	"slices"
)

// The names with a meaning in every expression, or in the catch steps and the rules of a TryCatch.
const (
	NameJob             = "job"
	NameSteps           = "steps"
	NameError           = "error"
	NameErrorMessage    = "errorMessage"
	NameErrorStackTrace = "errorStackTrace"
)

// IdentifierPattern is the regular expression of names that expressions can read.
const IdentifierPattern = `^[A-Za-z_][A-Za-z0-9_]*$`

var identifier = regexp.MustCompile(IdentifierPattern)

// IsIdentifier reports whether the name matches [IdentifierPattern].
func IsIdentifier(name string) bool { return identifier.MatchString(name) }

// IsName reports whether a parameter, a variable or an entry of a loop can have the name.
func IsName(name string) bool { return IsIdentifier(name) && !slices.Contains(ReservedNames(), name) }

// ReservedNames returns the identifiers that have another meaning in expressions.
func ReservedNames() []string {
	return slices.Concat(
		[]string{NameJob, NameSteps, NameError, NameErrorMessage, NameErrorStackTrace},
		momentNames,
		[]string{
			"true", "false", "nil", "null", "in", "not", "and", "or", "let", "if", "else",
			"matches", "contains", "startsWith", "endsWith", "env",
		},
	)
}
