// Package problem describes the mistakes that checks of input report: each with a stable code, its place and a message that
// says how to correct it.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Code is the stable name of a kind of mistake. docs/errors.md explains each code.
type Code string

// The codes of mistakes.
const (
	CodeSyntax            Code = "syntax"
	CodeFieldUnknown      Code = "field_unknown"
	CodeFieldMissing      Code = "field_missing"
	CodeTypeMismatch      Code = "type_mismatch"
	CodeValueInvalid      Code = "value_invalid"
	CodeNameTaken         Code = "name_taken"
	CodeOperationUnknown  Code = "operation_unknown"
	CodeSourceUnknown     Code = "source_unknown"
	CodeSourceUnsuitable  Code = "source_unsuitable"
	CodeSourceUnreachable Code = "source_unreachable"
	CodeQueryRefused      Code = "query_refused"
	CodeTableMissing      Code = "table_missing"
	CodeColumnMissing     Code = "column_missing"
	CodeExpressionInvalid Code = "expression_invalid"
	CodeParameterUnknown  Code = "parameter_unknown"
	CodeParameterMissing  Code = "parameter_missing"
	CodeParameterMismatch Code = "parameter_type_mismatch"
	CodeScenarioUnknown   Code = "scenario_unknown"
	CodeFileMissing       Code = "file_missing"
	CodeAccessUnknown     Code = "access_unknown"
	CodeVariableUnknown   Code = "variable_unknown"
	CodeVariableShared    Code = "variable_shared"
	CodeSecretMisplaced   Code = "secret_misplaced"
	CodeStepUnreachable   Code = "step_unreachable"
	CodeCallCycle         Code = "call_cycle"
	CodeTooLarge          Code = "too_large"
)

// SchemaValues returns every code as text, and that of mistakes in app.yaml, which is also one of jobs.
func (Code) SchemaValues() []string {
	values := []string{"app_invalid"}
	for _, code := range Codes() {
		values = append(values, string(code))
	}

	return values
}

// Codes returns every code.
func Codes() []Code {
	return []Code{
		CodeSyntax, CodeFieldUnknown, CodeFieldMissing, CodeTypeMismatch, CodeValueInvalid, CodeNameTaken,
		CodeOperationUnknown, CodeSourceUnknown, CodeSourceUnsuitable, CodeSourceUnreachable, CodeQueryRefused, CodeTableMissing,
		CodeColumnMissing, CodeExpressionInvalid, CodeParameterUnknown, CodeParameterMissing,
		CodeParameterMismatch, CodeScenarioUnknown, CodeFileMissing, CodeAccessUnknown, CodeVariableUnknown, CodeVariableShared,
		CodeSecretMisplaced, CodeStepUnreachable, CodeCallCycle, CodeTooLarge,
	}
}

// Problem is one mistake, with its place and how to correct it.
type Problem struct {
	Code    Code   `json:"code" description:"Identifies the kind of mistake."`
	File    string `json:"file,omitempty" description:"The file with the mistake. A mistake in a request has none."`
	Line    int    `json:"line,omitempty" description:"The line in the file, from 1."`
	Column  int    `json:"column,omitempty" description:"The column in the line, from 1."`
	Path    string `json:"path,omitempty" description:"The place in the document, such as steps[0].opParams.source."`
	Message string `json:"message" description:"What is wrong, and what to do."`
}

// String returns the place, the message and the code in one line.
func (p Problem) String() string {
	if p.File != "" {
		return fmt.Sprintf("%s:%d:%d: %s [%s]", p.File, p.Line, p.Column, p.Message, p.Code)
	}

	return fmt.Sprintf("%s [%s]", p.MessageWithPath(), p.Code)
}

// MessageWithPath returns the message with the path: "opParams.query must be text" for the message "query must be text", and
// otherwise "path: message".
func (p Problem) MessageWithPath() string {
	if p.Path == "" {
		return p.Message
	}

	if rest, isSubject := strings.CutPrefix(p.Message, Subject(p.Path)); isSubject &&
		(strings.HasPrefix(rest, " must ") || strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "[")) {
		return p.Path + rest
	}

	return p.Path + ": " + p.Message
}

// List is an error that holds all the mistakes of one input.
type List []Problem //nolint:errname,recvcheck // Checks append to it in place; callers receive it as an error.

// Error returns every problem on a line of its own.
func (p List) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}

	return strings.Join(lines, "\n")
}

// maxProblems is the maximum number of problems in a List.
const maxProblems = 1_000

// Add appends a problem. The problem that exceeds the maximum is replaced by one that says so; further ones are dropped.
func (p *List) Add(problem Problem) {
	switch len(*p) {
	case maxProblems + 1:
		return
	case maxProblems:
		problem.Code = CodeTooLarge
		problem.Message = fmt.Sprintf("only the first %d problems are reported; correct them to see the others", maxProblems)
	}

	*p = append(*p, problem)
}

// Addf appends a problem with a path but no file.
func (p *List) Addf(path string, code Code, format string, arguments ...any) {
	p.Add(Problem{Code: code, Path: path, Message: fmt.Sprintf(format, arguments...)})
}

// IsFull reports whether [List.Add] drops further problems, so that a check can stop.
func (p *List) IsFull() bool { return len(*p) > maxProblems }

// Err returns the problems in the order of their places, or nil if there are none.
func (p List) Err() error {
	if len(p) == 0 {
		return nil
	}

	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})

	return p
}

// JoinPath returns the path of a field of the object at path.
func JoinPath(path, field string) string {
	if path == "" {
		return field
	}

	return path + "." + field
}

// ParentPath returns the path of the object or list that contains the value at path.
func ParentPath(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// Subject returns the name in messages of the value at path: the last part of the path.
func Subject(path string) string {
	if path == "" {
		return "the document"
	}

	return path[strings.LastIndex(path, ".")+1:]
}
