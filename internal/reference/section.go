// Package reference generates the reference of the scenario language from the definitions that validation uses: the generated
// sections of docs/scenarios.md and docs/formats.md.
package reference

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// Section is a generated section of a page.
type Section struct{ Name, Text string }

// Sections returns the generated sections of docs/scenarios.md, in the order of the page.
func Sections() []Section {
	sections := []Section{
		{"scenario", fieldTable("field", scenario.FileFields())},
		{"parameter", fieldTable("field", scenario.ParameterFields())},
		{"types", typeList()},
		{"step", fieldTable("field", scenario.StepFields())},
		{"retry", fieldTable("field", scenario.RetryFields())},
		{"outcome", fieldTable("field", scenario.OutcomeFields())},
		{"refused functions", refusedList()},
	}

	for _, operation := range scenario.Operations() {
		sections = append(sections, Section{operation.Name, operationText(operation)})
	}

	return append(sections, Section{"limits", limitTable()})
}

// operationText returns the section of an operation: heading, parameters and outcome.
func operationText(operation scenario.Operation) string {
	text := fmt.Sprintf("### %s\n\n%s\n\n%s", operation.Name, operation.Description, fieldTable("parameter", operation.Fields))

	if len(operation.Outcome) > 0 {
		text += "\nThe outcome also has:\n\n" + fieldTable("field", operation.Outcome)
	}

	return text
}

func fieldTable(kind string, fields []schema.Field) string {
	rows := make([][]string, len(fields))

	for i, field := range fields {
		form := field.Form.String()
		if field.Required {
			form += ", required"
		}

		if field.Literal {
			form += ", no expression"
		}

		rows[i] = []string{"`" + field.Name + "`", form, field.Description}
	}

	return table([]string{kind, "type", "meaning"}, rows)
}

// table returns a table in Markdown.
func table(head []string, rows [][]string) string {
	var text strings.Builder

	write := func(cells []string) {
		text.WriteString("|")

		for _, cell := range cells {
			if cell != "" {
				cell = " " + strings.ReplaceAll(cell, "|", `\|`)
			}

			text.WriteString(cell + " |")
		}

		text.WriteString("\n")
	}

	write(head)
	text.WriteString(strings.Repeat("|---", len(head)) + "|\n")

	for _, row := range rows {
		write(row)
	}

	return text.String()
}

func typeList() string {
	var names []string
	for _, t := range source.Types() {
		names = append(names, "`"+string(t)+"`")
	}

	return "The types are " + strings.Join(names, ", ") + ".\n"
}

// limitTable returns the table of limits.
func limitTable() string {
	english := message.NewPrinter(language.English)
	number := func(n int) string { return english.Sprint(n) }
	kilobytes := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }

	return table([]string{"limit", "maximum"}, [][]string{
		{"steps of a scenario, with nested steps and those of scenarios that it runs inline", number(validation.MaxSteps)},
		{"levels of nested lists of steps", number(validation.MaxDepth)},
		{"`maxConcurrency` of a ForEach or a Parallel", number(scenario.MaxConcurrency)},
		{"`maxIterations` of a While", number(scenario.MaxIterations)},
		{"length of an expression", kilobytes(expression.MaxSource)},
		{"names, values, operators and calls in an expression", number(expression.MaxNodes)},
		{"values that an expression creates, and values in its result", number(expression.MaxValues)},
		{"text in the result of an expression", kilobytes(expression.MaxResult)},
		{
			"cost of an expression: text and values that it creates and reads, counted once for each entry of a list with a " +
				"predicate, and for the parts of a pattern", kilobytes(expression.MaxCost),
		},
		{"length of a pattern of `matches`", number(expression.MaxPattern) + " bytes"},
		{"length of the result of `repeat`, `replace` or `join`", kilobytes(expression.MaxText)},
		{"length of each text that an expression with a predicate uses", kilobytes(expression.MaxLoopText)},
	})
}

// refusedList returns the list of functions of expr-lang that expressions cannot call, with the reasons.
func refusedList() string {
	refused := expression.RefusedFunctions()
	byReason := map[string][]string{}

	for _, name := range slices.Sorted(maps.Keys(refused)) {
		byReason[refused[name]] = append(byReason[refused[name]], "`"+name+"`")
	}

	var text strings.Builder

	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&text, "- %s: %s\n", strings.Join(byReason[reason], ", "), reason)
	}

	return text.String()
}
