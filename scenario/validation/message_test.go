package validation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/validation"
)

// TestMessagesExplainCommonMistakes requires messages without terms of the YAML parser, the expression engine or Go.
func TestMessagesExplainCommonMistakes(t *testing.T) {
	t.Parallel()

	const step = "steps:\n- opName: SetVariable\n  opParams: {name: x, value: "

	for _, test := range []struct{ text, message string }{
		{"steps:\n\t- opName: Return", "2:1: YAML does not allow tabs for indentation; use spaces"},
		{"steps:\n- opName: Return\n\ttitle: x", "3:1: YAML does not allow tabs for indentation; use spaces"},
		{"steps:\n- title: a: b", `2:11: a text with a colon and a space must be quoted: "a: b"`},
		{"steps:\n- title: @a", "2:10: a text can't begin with this character; quote the text"},
		{step + "a: b, c}", "3:31: did not find expected ',' or '}'; quote a text that contains a colon, a comma or a bracket"},
		{"steps:\n- title: 'it's'", "2:14: did not find expected key; check the indentation and the quotes"},
		{"", "1:1: the file is empty"},

		{"steps: {a: 1}", "1:1: steps must be a list, but is an object"},
		{"steps: [1]", "1:9: steps[0] must be an object, but is the integer 1"},
		{"- 1", "1:1: the document must be an object, but is a list"},
		{"steps:\n- title: x", "2:3: opName is missing (the operation that the step runs)"},
		{step + "1}\n  timeout: 90", "4:3: timeout must be a duration above zero such as 90s or 1h30m, but is the integer 90"},
		{step + "1, scope: all}", `3:33: scope must be job or app, but is the text "all"`},

		{step + "'${n = 1}'}", "3:23: in ${n = 1}, column 3: = is not an operator; use == to compare"},
		{step + "\"${map([{'x': 1}], {'a': .x})}\"}", `unexpected ":"; write an object in a predicate with two braces, as in map(list, {{"name": .field}})`},
		{step + "'${1 +}'}", "3:23: in ${1 +}, column 3: the expression is incomplete"},
		{step + "'${1)}'}", `3:23: in ${1)}, column 2: unexpected ")"`},
		{step + "'${format(1)}'}", "3:23: in ${format(1)}, column 1: unknown name format; did you mean formatTime?"},
		{step + "'${elephant(1)}'}", "unknown name elephant; known are abs, addDays, addTime, all, "},
		{step + "'${job.id + 1}'}", "the operator + does not accept text and an integer"},
		{step + "'${-job.id}'}", "the operator - does not accept text"},
		{step + "'${upper(1)}'}", "the function upper expects text here, not an integer"},
		{step + "'${string(1, 2)}'}", "too many arguments to call string"},
		{step + "'${len(1.5)}'}", "the function len does not accept a number"},
		{step + "'${1 ? 2 : 3}'}", "a condition must be true or false, but is an integer"},
		{step + "'${[1] + true}'}", "the operator + does not accept a list and a boolean"},
		{step + "'${job.id[true]}'}", "text has no element [a boolean]"},
		{step + "'${first(1)}'}", "an integer has no first element"},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()

			_, err := validation.Parse("Main.yaml", []byte(test.text), environment())
			require.ErrorContains(t, err, test.message)
			require.NotRegexp(t, `float64|interface|map\[string\]|\[\]any|token`, err.Error())
		})
	}
}
