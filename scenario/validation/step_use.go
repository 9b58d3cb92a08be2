package validation

import (
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
func (d Document) Uses() []StepUse {
	var uses []StepUse

	for path, step := range stepsByPath(d.Steps, "steps") {
		of := StepUse{OpName: step.OpName, Params: step.OpParams, path: problem.JoinPath(path, "opParams")}
		operation, _ := scenario.OperationNamed(step.OpName)

		for _, use := range operation.SourceUses(step.OpParams) {
			of.SourceUse = use
			uses = append(uses, of)
		}

		for _, name := range slices.Sorted(maps.Keys(step.OpParams)) {
			for field, text := range jsonvalue.Texts(name, step.OpParams[name]) {
				uses = append(uses, of.lookUps(field, text)...)
			}
		}
	}

	return uses
}

// lookUps returns the uses of the look-ups in a text.
func (u StepUse) lookUps(field, text string) (uses []StepUse) {
	parsed, _ := expression.ParseTemplate(text) // The document is valid.
	for _, fragment := range parsed {
		if fragment.Kind == expression.QueryFragment {
			u.SourceUse = scenario.SourceUse{Field: field, Source: fragment.Source, Ability: source.CanQuery}
			u.Query = fragment.Query.Text
			uses = append(uses, u)
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
