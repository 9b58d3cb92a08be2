package validation

import (
	"fmt"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// StepUse is what a step of a document requires of a source, for checks that connect to the source.
type StepUse struct {
	scenario.SourceUse

	OpName string
	Params jsonvalue.Object // The parameters of the step, without the steps in it.
	Query  string           // The query of a look-up, $[source]{…}; "" for other uses.

	path string // The path of the parameters in the document.
}

// Uses returns what the steps of a document require of sources, in the order of the document.
func (d Document) Uses() []StepUse { return appendUses(nil, d.Steps, "steps") }

func appendUses(uses []StepUse, steps []scenario.Step, path string) []StepUse {
	for i, step := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)
		of := StepUse{OpName: step.OpName, Params: step.OpParams, path: problem.JoinPath(at, "opParams")}
		operation, _ := scenario.OperationNamed(step.OpName)

		for _, use := range operation.SourceUses(step.OpParams) {
			of.SourceUse = use
			uses = append(uses, of)
		}

		for _, name := range slices.Sorted(maps.Keys(step.OpParams)) {
			uses = appendLookUps(uses, of, name, step.OpParams[name])
		}

		for _, block := range step.Blocks {
			uses = appendUses(uses, block.Steps, blockPath(step, at, block.Name))
		}
	}

	return uses
}

// appendLookUps adds the look-ups in the value of a parameter.
func appendLookUps(uses []StepUse, of StepUse, field string, value any) []StepUse {
	switch v := value.(type) {
	case string:
		parsed, _ := expression.ParseTemplate(v) // The document is valid.
		for _, fragment := range parsed {
			if fragment.Kind == expression.QueryFragment {
				of.SourceUse = scenario.SourceUse{Field: field, Source: fragment.Source, Ability: source.CanQuery}
				of.Query = fragment.Query.Text
				uses = append(uses, of)
			}
		}
	case []any:
		for i := range v {
			uses = appendLookUps(uses, of, fmt.Sprintf("%s[%d]", field, i), v[i])
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			uses = appendLookUps(uses, of, problem.JoinPath(field, name), v[name])
		}
	}

	return uses
}

// Problem returns a problem at the place of a field of a step's parameters.
func (d Document) Problem(at StepUse, field string, code problem.Code, format string, arguments ...any) problem.Problem {
	check := newChecker(d.File, d.document, nil)
	check.Addf(problem.JoinPath(at.path, field), code, format, arguments...)

	return check.Problems[0]
}
