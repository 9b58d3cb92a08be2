package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jobwright/jobwright/source"
)

// Section is a part of docs/scenarios.md that is made from the definitions that validation goes by.
type Section struct{ Name, Text string }

// Reference returns the sections of docs/scenarios.md, in the order in which the page has them.
func Reference() []Section {
	sections := []Section{
		{"scenario", fieldTable("field", fieldsOf[scenarioFields]())},
		{"parameter", fieldTable("field", fieldsOf[parameterFields]())},
		{"types", typeList()},
		{"step", fieldTable("field", fieldsOf[stepFields]())},
		{"retry", fieldTable("field", retryFields())},
		{"outcome", fieldTable("name", OutcomeFields())},
		{"refused functions", refusedList()},
		{"functions", functionTables()},
	}

	for _, operation := range Operations() {
		sections = append(sections, Section{operation.Name, operationText(operation)})
	}

	return append(sections, Section{"limits", limitTable()})
}

// operationText is the heading of an operation, with its parameters and what can be read of it.
func operationText(operation Operation) string {
	text := fmt.Sprintf("### %s\n\n%s\n\n%s", operation.Name, operation.Description, fieldTable("parameter", operation.Fields))

	if len(operation.Outcome) > 0 {
		text += "\nLater steps also read of it\n\n" + fieldTable("name", operation.Outcome)
	}

	return text
}

func fieldTable(kind string, fields []Field) string {
	rows := make([][]string, len(fields))

	for i, field := range fields {
		form := field.Form()
		if field.Required {
			form += ", required"
		}

		if field.Literal {
			form += ", no expression"
		}

		rows[i] = []string{"`" + field.Name + "`", form, field.Description}
	}

	return table([]string{kind, "form", ""}, rows)
}

// table writes a table in Markdown.
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

// retryFields are the fields of [Retry] with what they mean, which Temporal's words alone don't tell.
func retryFields() []Field {
	defaults := DefaultRetry()
	descriptions := map[string]string{
		"initialInterval": fmt.Sprintf("The wait before the second attempt, %s by default.", short(defaults.InitialInterval)),
		"backoffCoefficient": fmt.Sprintf(
			"By what each wait is longer than the one before: %g by default, 1 at least.", defaults.BackoffCoefficient),
		"maximumInterval": fmt.Sprintf("The longest wait, %s by default.", short(defaults.MaximumInterval)),
		"maximumAttempts": fmt.Sprintf(
			"How many attempts there are in all: %d by default, a million at most.", defaults.MaximumAttempts),
	}

	fields := fieldsOf[Retry]()
	for i := range fields {
		fields[i].Description = descriptions[fields[i].Name]
	}

	return fields
}

// short writes a duration as people do: 1m, not 1m0s.
func short(d Duration) string {
	text := time.Duration(d).String()

	if minutes, whole := strings.CutSuffix(text, "m0s"); whole {
		text = minutes + "m"
	}

	if hours, whole := strings.CutSuffix(text, "h0m"); whole {
		text = hours + "h"
	}

	return text
}

func typeList() string {
	var names []string
	for _, t := range source.Types() {
		names = append(names, "`"+string(t)+"`")
	}

	return "The types are " + strings.Join(names, ", ") + ".\n"
}

// limitTable lists what validation and expressions are bounded by.
func limitTable() string {
	number := func(n int) string {
		text := fmt.Sprint(n)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}

		return text
	}
	kilobytes := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }

	return table([]string{"what", "at most"}, [][]string{
		{"steps of a scenario, those within others counted, and those of scenarios that it runs inline", number(maxSteps)},
		{"lists of steps within each other", number(maxDepth)},
		{"`maxConcurrency` of a ForEach or a Parallel", number(MaxConcurrency)},
		{"`maxIterations` of a While", number(maxMaxIterations)},
		{"the source of an expression", kilobytes(maxExpression)},
		{"names, values, operators and calls in an expression", number(maxNodes)},
		{"values that an expression makes on its way, and values in what it gives", number(maxValues)},
		{"text in what an expression gives", kilobytes(maxResult)},
		{
			"text and values that an expression makes on its way and looks through, in a list with a predicate each time; " +
				"to look for a pattern counts for its parts too", kilobytes(maxEffort),
		},
		{"a pattern of `matches`", number(maxPattern) + " bytes"},
		{"the text that `repeat`, `replace` or `join` makes", kilobytes(maxText)},
		{"a text in what an expression uses that goes through a list with a predicate", kilobytes(maxLoopText)},
	})
}

func functionTables() string {
	var text strings.Builder

	for i, group := range Functions() {
		if i > 0 {
			text.WriteString("\n")
		}

		rows := make([][]string, len(group.Functions))
		for j, f := range group.Functions {
			rows[j] = []string{"`" + f.Signature + "`", f.Description, "`" + f.Example + "` → `" + f.Result + "`"}
		}

		text.WriteString("#### " + group.Name + "\n\n" + table([]string{"function", "", "example"}, rows))
	}

	return text.String()
}

// refusedList says which functions of expr-lang's there are not, and why.
func refusedList() string {
	byReason := map[string][]string{}

	for _, name := range slices.Sorted(maps.Keys(refusedFunctions)) {
		if reason := refusedFunctions[name]; reason != "" {
			byReason[reason] = append(byReason[reason], "`"+name+"`")
		}
	}

	var text strings.Builder

	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&text, "- no %s: %s\n", strings.Join(byReason[reason], ", "), reason)
	}

	return text.String()
}
