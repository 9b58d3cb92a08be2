package validation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
)

// TestParseTimeIsProportionalToFileSize requires that the time to parse a file grows at most in proportion to its size.
func TestParseTimeIsProportionalToFileSize(t *testing.T) {
	t.Parallel()

	fill := func(piece string) string { return strings.Repeat(piece, 256<<10/len(piece)) }
	variables := func(count int) string {
		return "steps:\n" + strings.Repeat("- "+set("variable", "1")+"\n", count)
	}

	for what, text := range map[string]string{
		"open lists":                      fill("["),
		"lists in lists":                  "steps: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"objects in objects":              "steps: " + strings.Repeat("{a: ", 9_000) + strings.Repeat("}", 9_000),
		"anchors":                         "a: [" + fill("&a 1, ") + "]",
		"unknown fields":                  strings.Repeat("x", 100_000) + ": [" + fill("1,") + "]\n" + query + "}",
		"a long name above a long list":   query + ", bind: {" + strings.Repeat("x", 125_000) + ": [" + strings.Repeat("1,", 60_000) + "]}}",
		"long names, deep":                query + ", bind: " + strings.Repeat("{"+strings.Repeat("x", 900)+": ", 90) + "[" + strings.Repeat("1,", 100_000) + "]" + strings.Repeat("}", 90) + "}",
		"a long list":                     query + ", bind: {x: [" + fill("1,") + "]}}",
		"steps that are not known":        "steps:\n" + fill("- {opName: X}\n"),
		"steps with unknown names":        "steps:\n" + fill("- {opName: Wait, name: a, condition: '${x}'}\n"),
		"expressions":                     query + ", bind: {x: [" + fill(`"${1}",`) + "]}}",
		"expressions with mistakes":       query + ", bind: {x: [" + fill(`"${x}",`) + "]}}",
		"expressions beside many names":   variables(1_000) + "- opName: Return\n  opParams: {value: [" + strings.Repeat(`"${steps.a}",`, 12_000) + "]}",
		"parameters":                      "parameters:\n" + fill("  aaaaaaa: {type: text}\n"),
		"queries in queries":              query + ", bind: {x: '" + fill("$[a]{") + "'}}",
		"closed queries in queries":       query + ", bind: {x: '" + strings.Repeat("$[a]{", 40_000) + strings.Repeat("}", 40_000) + "'}}",
		"expressions that are not closed": query + ", bind: {x: '" + fill("${{") + "'}}",
		"what begins expressions":         query + ", bind: {x: '" + fill("$${") + "'}}",
		"what nearly begins queries":      query + ", bind: {x: '" + fill("$[a") + "'}}",
		"comments in an expression":       query + ", bind: {x: '${" + fill("//") + "'}}",
		"scripts":                         query + ", bind: {x: '$((" + fill("x =>") + "'}}",
		"lists of steps in each other":    "steps: " + strings.Repeat("[{opName: While, opParams: {condition: true, steps: ", 90) + "[]" + strings.Repeat("}}]", 90),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()

			const soon = 20 * time.Second // Generous, for a machine that is busy: without its bound it takes minutes.

			started := time.Now()
			_, err := parse(text)
			took := time.Since(started)
			require.Less(t, took, soon)
			t.Logf("%s, %d bytes", took, len(text))

			if err != nil {
				require.LessOrEqual(t, len(problemsOf(t, err)), 1_001)
			}
		})
	}
}

func TestParseLimitsTheNumberOfProblems(t *testing.T) {
	t.Parallel()

	_, err := parse(query + ", bind: {x: [" + strings.Repeat("\"${x}\",\n    ", 1_500) + "]}}")
	problems := problemsOf(t, err)
	require.Len(t, problems, 1_001)
	require.Equal(t, problem.CodeExpressionInvalid, problems[999].Code)
	require.Equal(t, problem.CodeTooLarge, problems[1_000].Code)
	require.Equal(t, "only the first 1000 problems are reported; correct them to see the others", problems[1_000].Message)

	_, err = parse("a: [" + strings.Repeat("&a 1,\n ", 1_500) + "]")
	require.Len(t, problemsOf(t, err), 1_001)

	// Of many names, only some are listed.
	known := strings.Fields(strings.Repeat("name ", 40))
	require.Equal(t, "known are "+strings.Join(known[:30], ", ")+" and 10 more", problem.Suggest("elephant", known))
}
