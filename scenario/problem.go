package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Code is the stable name of a kind of mistake; docs/errors.md explains each.
type Code string

// The codes of mistakes that validation finds.
const (
	CodeSyntax            Code = "syntax"
	CodeFieldUnknown      Code = "field_unknown"
	CodeFieldMissing      Code = "field_missing"
	CodeTypeMismatch      Code = "type_mismatch"
	CodeValueInvalid      Code = "value_invalid"
	CodeNameTaken         Code = "name_taken"
	CodeOperationUnknown  Code = "operation_unknown"
	CodeSourceUnknown     Code = "source_unknown"
	CodeExpressionInvalid Code = "expression_invalid"
	CodeParameterUnknown  Code = "parameter_unknown"
	CodeParameterMissing  Code = "parameter_missing"
	CodeParameterMismatch Code = "parameter_type_mismatch"
	CodeScenarioUnknown   Code = "scenario_unknown"
	CodeFileMissing       Code = "file_missing"
	CodeAccessUnknown     Code = "access_unknown"
	CodeVariableUnknown   Code = "variable_unknown"
	CodeVariableShared    Code = "variable_shared"
	CodeStepUnreachable   Code = "step_unreachable"
	CodeCallCycle         Code = "call_cycle"
	CodeTooLarge          Code = "too_large"
)

// Codes returns every code of a mistake.
func Codes() []Code {
	return []Code{
		CodeSyntax, CodeFieldUnknown, CodeFieldMissing, CodeTypeMismatch, CodeValueInvalid, CodeNameTaken,
		CodeOperationUnknown, CodeSourceUnknown, CodeExpressionInvalid, CodeParameterUnknown, CodeParameterMissing,
		CodeParameterMismatch, CodeScenarioUnknown, CodeFileMissing, CodeAccessUnknown, CodeVariableUnknown, CodeVariableShared,
		CodeStepUnreachable, CodeCallCycle, CodeTooLarge,
	}
}

// Problem is one mistake: what was found, where, and what would be right.
type Problem struct {
	Code    Code   `json:"code"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`   // From 1; 0 where there is no file.
	Column  int    `json:"column,omitempty"` // From 1.
	Path    string `json:"path,omitempty"`   // Where in the document: steps[0].opParams.source.
	Message string `json:"message"`
}

// String tells place, message and code in one line.
func (p Problem) String() string {
	place := p.Path
	if p.File != "" {
		place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}

	if place != "" {
		place += ": "
	}

	return fmt.Sprintf("%s%s [%s]", place, p.Message, p.Code)
}

// isWithin reports whether the value that the problem finds fault with could not be read, or not all of it.
func (p Problem) isWithin(unread Problems) bool {
	return slices.ContainsFunc(unread, func(other Problem) bool {
		rest, is := strings.CutPrefix(other.Path, p.Path)

		return is && (rest == "" || rest[0] == '[' || p.Code == CodeTooLarge)
	})
}

// Problems are all the mistakes found at once, as an error.
type Problems []Problem //nolint:errname,recvcheck // A list that grows in place, and an error only on its way.

// Error tells every mistake, a line each.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}

	return strings.Join(lines, "\n")
}

// maxProblems bounds how many mistakes are told at once.
const maxProblems = 1_000

// add notes a mistake, unless there are too many already; then that is told, once.
func (p *Problems) add(problem Problem) {
	switch len(*p) {
	case maxProblems + 1:
		return
	case maxProblems:
		problem.Code = CodeTooLarge
		problem.Message = fmt.Sprintf(
			"there are more mistakes than these %d; they are looked for when these are mended", maxProblems)
	}

	*p = append(*p, problem)
}

// isFull reports whether it makes no sense to look for more mistakes.
func (p *Problems) isFull() bool { return len(*p) > maxProblems }

// err returns the problems in the order of the document, or nil when there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}

	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})

	return p
}

// Suggest says which of the known names was probably meant or, where none is near, which there are.
func Suggest(name string, known []string) string {
	if len(known) == 0 {
		return "there are none"
	}

	if meant := nearest(name, known); meant != "" {
		return "did you mean " + meant + "?"
	}

	const shown = 30
	if more := len(known) - shown; more > 0 {
		return fmt.Sprintf("known are %s and %d more", strings.Join(known[:shown], ", "), more)
	}

	return "known are " + strings.Join(known, ", ")
}

// nearest returns which of the known names was probably meant, or "".
func nearest(name string, known []string) string {
	const near = 3

	best, distance := "", near+1

	for _, candidate := range known {
		// To compare takes as long as the lengths multiplied, and this already says that they are far apart.
		if d := utf8.RuneCountInString(name) - utf8.RuneCountInString(candidate); d < -near || d > near {
			continue
		}

		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate))
		if d < distance && 2*d <= len(candidate) { // More than half of it would be no likeness.
			best, distance = candidate, d
		}
	}

	return best
}
