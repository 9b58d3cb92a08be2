package validation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// step is a step in one line.
func step(opName, opParams string, fields ...string) string {
	return "{opName: " + opName + ", opParams: {" + opParams + "}" + strings.Join(append([]string{""}, fields...), ", ") + "}"
}

// steps is a scenario of steps in a line each, from line 2.
func steps(lines ...string) string { return "steps:\n- " + strings.Join(lines, "\n- ") }

// set is a step that sets a variable.
func set(name, value string) string { return step("SetVariable", "name: "+name+", value: "+value) }

// nested is a scenario with steps in that many lists within each other.
func nested(depth int) string {
	text := "[" + set("x", "1") + "]"
	for range depth - 1 {
		text = "[" + step("While", "condition: '${1 > 2}', steps: "+text) + "]"
	}

	return "steps: " + text
}

// controlMistakes returns at least one scenario for each rule of the control operations and of the fields of all steps.
func controlMistakes() []mistake {
	const (
		nothing = "[]"
		one     = "[{opName: Wait, opParams: {duration: 1s}}]"
	)

	return []mistake{
		{"a condition is given", steps(step("If", "then: "+nothing)), problem.CodeFieldMissing, "2:16", "condition is missing (whether to run then or else)"},
		{"a condition is no text", steps(step("If", "condition: 'yes', then: "+nothing)), problem.CodeTypeMismatch, "2:27", `must be true, false or an expression, but is the text "yes"`},
		{"a condition gives true or false", steps(step("If", "condition: '${1}', then: "+nothing)), problem.CodeTypeMismatch, "2:27", "must be true, false or an expression, but ${1} gives an integer"},
		{"a condition stands alone", steps(step("If", "condition: 'x${true}', then: "+nothing)), problem.CodeTypeMismatch, "2:27", "the text around the expression makes it text"},
		{"then is given", steps(step("If", "condition: true")), problem.CodeFieldMissing, "2:16", "then is missing"},
		{"then is a list of steps", steps(step("If", "condition: true, then: 5")), problem.CodeTypeMismatch, "2:44", "must be a list of steps, but is the integer 5"},
		{"then is no expression", steps(step("If", "condition: true, then: '${[]}'")), problem.CodeTypeMismatch, "2:44", "must be a list of steps, but is the text"},
		{"steps within steps are checked", steps(step("If", "condition: true, then: [{opName: Transfrom}]")), problem.CodeOperationUnknown, "2:52", "did you mean Transform?"},
		{"a control operation is not tried again", steps(step("If", "condition: true, then: "+nothing, "retry: {}")), problem.CodeValueInvalid, "2:55", "If has no retry policy; set retry on the data steps in it"},

		{"a case has a value", steps(step("Switch", "value: 1, cases: [{steps: "+nothing+"}]")), problem.CodeFieldMissing, "2:49", "when is missing"},
		{"a case has steps", steps(step("Switch", "value: 1, cases: [{when: 1}]")), problem.CodeFieldMissing, "2:49", "steps is missing"},
		{"a case is an object", steps(step("Switch", "value: 1, cases: [1]")), problem.CodeTypeMismatch, "2:49", "must be an object, but is the integer 1"},
		{"a case's fields are known", steps(step("Switch", "value: 1, cases: [{when: 1, step: [], steps: []}]")), problem.CodeFieldUnknown, "2:59", "did you mean steps?"},
		{"cases are a list", steps(step("Switch", "value: 1, cases: {a: 1}")), problem.CodeTypeMismatch, "2:41", "must be a list of cases, but is an object"},
		{"there are cases", steps(step("Switch", "value: 1, cases: []")), problem.CodeValueInvalid, "2:41", "there are no cases"},
		{"a case's steps are checked", steps(step("Switch", "value: 1, cases: [{when: 1, steps: [5]}]")), problem.CodeTypeMismatch, "2:67", "must be an object, but is the integer 5"},

		{"a case is not there twice", steps(step("Switch", "value: '${counter}', cases: [{when: 1, steps: []}, {when: [2, 3], steps: []}, {when: 3.0, steps: []}]")), problem.CodeStepUnreachable, "2:110", "this case is never reached; the values of it have earlier ones"},
		{"a case has the value's type", steps(step("Switch", "value: '${counter}', cases: [{when: DE, steps: []}]")), problem.CodeTypeMismatch, "2:61", `the value is an integer, and never the text "DE"`},
		{"a case's expression has the value's type", steps(step("Switch", "value: '${job.id}', cases: [{when: '${1 + 1}', steps: []}]")), problem.CodeTypeMismatch, "2:60", "the value is text, and never an integer"},
		{"each value of a case has the value's type", steps(step("Switch", "value: '${counter}', cases: [{when: [1, 2.0, DE], steps: []}]")), problem.CodeTypeMismatch, "2:61", `the value is an integer, and never the text "DE"`},
		{"then may be reached", steps(step("If", "condition: false, then: ["+set("x", "1")+"]")), problem.CodeStepUnreachable, "2:52", "this step is never reached; the condition is always false"},
		{"else may be reached", steps(step("If", "condition: true, then: [], else: ["+set("x", "1")+"]")), problem.CodeStepUnreachable, "2:61", "this step is never reached; the condition is always true"},
		{"a round may be reached", steps(step("While", "condition: false, steps: ["+set("x", "1")+"]")), problem.CodeStepUnreachable, "2:56", "this step is never reached; the condition is always false"},

		{"rounds have a bound", steps(step("While", "condition: true, steps: [], maxIterations: 0")), problem.CodeValueInvalid, "2:58", "must be from 1 to 1000000000, but is 0"},
		{"rounds have a bound that is not too far", steps(step("While", "condition: true, steps: [], maxIterations: 1000000001")), problem.CodeValueInvalid, "2:58", "but is 1000000001"},

		{"a loop goes over something", steps(step("ForEach", "steps: []")), problem.CodeValueInvalid, "2:21", "there is nothing to go over; give in, or source and query"},
		{"a loop goes over one thing", steps(step("ForEach", "in: [1], source: stage, query: q, steps: []")), problem.CodeValueInvalid, "2:32", "drop either in, or source and query"},
		{"a list takes no values", steps(step("ForEach", "in: [1], bind: {a: 1}, steps: []")), problem.CodeValueInvalid, "2:32", "drop either in, or source and query"},
		{"a query asks a source", steps(step("ForEach", "query: q, steps: []")), problem.CodeValueInvalid, "2:21", "give both source and query"},
		{"a source is asked", steps(step("ForEach", "source: stage, steps: []")), problem.CodeValueInvalid, "2:21", "give both source and query"},
		{"a loop's source is known", steps(step("ForEach", "source: stag, query: q, steps: []")), problem.CodeSourceUnknown, "2:32", "did you mean stage?"},
		{"a loop goes over a list", steps(step("ForEach", "in: '${1}', steps: []")), problem.CodeTypeMismatch, "2:32", "must be a list, but ${1} gives an integer"},
		{"an entry's name is an identifier", steps(step("ForEach", "in: [1], as: a-b, steps: []")), problem.CodeValueInvalid, "2:41", "a-b can't name an entry or its number"},
		{"an entry's name is no word of expressions", steps(step("ForEach", "in: [1], as: steps, steps: []")), problem.CodeValueInvalid, "2:41", "steps can't name an entry"},
		{"a number's name is an identifier", steps(step("ForEach", "in: [1], index: a-b, steps: []")), problem.CodeValueInvalid, "2:41", "a-b can't name an entry or its number"},
		{"the number has its own name", steps(step("ForEach", "in: [1], as: i, index: i, steps: []")), problem.CodeValueInvalid, "2:48", "the number needs another name than the entry"},
		{"the number is not named as entries are", steps(step("ForEach", "in: [1], index: item, steps: []")), problem.CodeValueInvalid, "2:41", "the number needs another name than the entry"},
		{"a loop runs one at least", steps(step("ForEach", "in: [1], maxConcurrency: 0, steps: []")), problem.CodeValueInvalid, "2:41", "must be from 1 to 100, but is 0"},
		{"a loop runs a hundred at most", steps(step("ForEach", "in: [1], maxConcurrency: 101, steps: []")), problem.CodeValueInvalid, "2:41", "must be from 1 to 100, but is 101"},

		{"branches are an object", steps(step("Parallel", "branches: [1]")), problem.CodeTypeMismatch, "2:33", "must be an object of lists of steps, but is a list"},
		{"there are branches", steps(step("Parallel", "branches: {}")), problem.CodeValueInvalid, "2:33", "there are no branches"},
		{"a branch is a list of steps", steps(step("Parallel", "branches: {a: 1}")), problem.CodeTypeMismatch, "2:44", "must be a list of steps, but is the integer 1"},
		{"a branch's name is an identifier", steps(step("Parallel", "branches: {a-b: []}")), problem.CodeValueInvalid, "2:44", "a-b can't name a branch"},
		{"branches run a hundred at most", steps(step("Parallel", "branches: {a: []}, maxConcurrency: 101")), problem.CodeValueInvalid, "2:52", "must be from 1 to 100, but is 101"},

		{"something is done about an error", steps(step("TryCatch", "try: []")), problem.CodeValueInvalid, "2:22", "errors have no handler"},
		{"a rule says one thing", steps(step("TryCatch", "try: [], ignore: [{messageContains: a, stackContains: b}]")), problem.CodeValueInvalid, "2:51", "a rule has one of messageContains, stackContains and condition"},
		{"a rule says something", steps(step("TryCatch", "try: [], ignore: [{}]")), problem.CodeValueInvalid, "2:51", "a rule has one of"},
		{"a rule's text is not empty", steps(step("TryCatch", "try: [], ignore: [{messageContains: ''}]")), problem.CodeValueInvalid, "2:52", "messageContains is empty and would match every error"},
		{"a rule's text of the stack is not empty", steps(step("TryCatch", "try: [], ignore: [{stackContains: ''}]")), problem.CodeValueInvalid, "2:52", "stackContains is empty"},
		{"a rule is an object", steps(step("TryCatch", "try: [], ignore: [gone]")), problem.CodeTypeMismatch, "2:51", "must be an object"},
		{"a rule's parts are checked", steps(step("TryCatch", "try: [], ignore: [{messageContains: 5}]")), problem.CodeTypeMismatch, "2:52", "must be text, but is the integer 5"},
		{"rules are a list", steps(step("TryCatch", "try: [], ignore: gone")), problem.CodeTypeMismatch, "2:42", "must be a list of rules"},
		{"a rule's condition reads an error", steps(step("TryCatch", "try: [], ignore: [{condition: '${errorMesage == \"\"}'}]")), problem.CodeExpressionInvalid, "2:52", "did you mean errorMessage?"},

		{"a call names a scenario", steps(step("RunScenario", "inline: true")), problem.CodeFieldMissing, "2:25", "scenario is missing"},
		{"a call's name is known before the job runs", steps(step("RunScenario", "scenario: '${job.id}'")), problem.CodeValueInvalid, "2:36", "this can't be an expression: it must be known before the job runs"},
		{"a call's inline is known before the job runs", steps(step("RunScenario", "scenario: a, inline: '${true}'")), problem.CodeValueInvalid, "2:49", "this can't be an expression"},

		{"a variable has a name", steps(step("SetVariable", "value: 1")), problem.CodeFieldMissing, "2:25", "name is missing"},
		{"a variable has a value", steps(step("SetVariable", "name: a")), problem.CodeFieldMissing, "2:25", "value is missing"},
		{"a variable's name is literal", steps(step("SetVariable", "name: '${job.id}', value: 1")), problem.CodeValueInvalid, "2:36", "this can't be an expression"},
		{"a variable's name is an identifier", steps(set("a-b", "1")), problem.CodeValueInvalid, "2:36", "a-b can't name a variable"},
		{"a variable's name is no word of expressions", steps(set("now", "1")), problem.CodeValueInvalid, "2:36", "now can't name a variable"},
		{"a variable's scope is known", steps(step("SetVariable", "name: a, value: 1, scope: world")), problem.CodeValueInvalid, "2:55", `must be job or app, but is the text "world"`},
		{"an app's variable is declared", steps(step("SetVariable", "name: countr, value: 1, scope: app")), problem.CodeVariableUnknown, "2:36", "app.yaml declares no variable countr; did you mean counter?"},
		{"an app's variable is no other", steps(set("x", "1"), step("SetVariable", "name: x, value: 1, scope: app")), problem.CodeVariableUnknown, "3:36", "app.yaml declares no variable x"},
		{"an app's variable keeps its type", steps(step("SetVariable", "name: counter, value: many, scope: app")), problem.CodeTypeMismatch, "2:51", "counter is an integer from where it begins, this is text"},
		{"an app's variable is set on purpose", steps(set("counter", "1")), problem.CodeNameTaken, "2:36", "counter is a variable of the app; add scope: app to set it"},
		{"a parameter can't be set", "parameters: {a: {type: text}}\n" + steps(set("a", "b")), problem.CodeNameTaken, "3:36", "a is a parameter and can't be set"},
		{"an entry can't be set", steps(step("ForEach", "in: [1], steps: ["+set("item", "1")+"]")), problem.CodeNameTaken, "2:82", "item is the name of a loop and can't be set"},
		{"a number can't be set", steps(step("ForEach", "in: [1], index: i, steps: ["+set("i", "1")+"]")), problem.CodeNameTaken, "2:92", "i is the name of a loop and can't be set"},
		{"an error can't be set", steps(step("TryCatch", "try: [], catch: ["+set("error", "1")+"]")), problem.CodeNameTaken, "2:83", "error is the name of an error and can't be set"},
		{"a variable keeps its type", steps(set("x", "1"), set("x", "text")), problem.CodeTypeMismatch, "3:45", "x is an integer from where it begins, this is text"},
		{"an integer takes no number", steps(set("x", "1"), set("x", "'${1 / 2}'")), problem.CodeTypeMismatch, "3:45", "x is an integer from where it begins, this is a number"},
		{"a list takes no object", steps(set("x", "[1]"), set("x", "{a: 1}")), problem.CodeTypeMismatch, "3:45", "x is a list from where it begins, this is an object"},

		{"a wait lasts or ends", steps(step("Wait", "")), problem.CodeValueInvalid, "2:18", "give either duration or until"},
		{"a wait does not last and end", steps(step("Wait", "duration: 1s, until: '2024-01-02'")), problem.CodeValueInvalid, "2:18", "give either duration or until"},
		{"a wait lasts some time", steps(step("Wait", "duration: soon")), problem.CodeTypeMismatch, "2:29", "must be a duration above zero"},
		{"a wait ends at a moment", steps(step("Wait", "until: tomorrow")), problem.CodeValueInvalid, "2:29", `must be a timestamp such as 2006-01-02T15:04:05Z or a date such as 2006-01-02, but is "tomorrow"`},

		{"a signal has a name", steps(step("WaitForSignal", "timeout: 1s")), problem.CodeFieldMissing, "2:27", "name is missing"},
		{"who may give a signal is a list", steps(step("WaitForSignal", "name: go, from: approvers")), problem.CodeTypeMismatch, "2:48", "must be a list of texts"},
		{"who may give a signal is text", steps(step("WaitForSignal", "name: go, from: [1]")), problem.CodeTypeMismatch, "2:48", "from[0] must be text, but is the integer 1"},
		{"who may give a signal is known", steps(step("WaitForSignal", "name: go, from: [approvers, aprovers]")), problem.CodeAccessUnknown, "2:66", "app.yaml gives no access to aprovers; did you mean approvers?"},

		{"a failure says something", steps(step("Fail", "code: a")), problem.CodeFieldMissing, "2:18", "message is missing"},
		{"a failure's message is not empty", steps(step("Fail", "message: ''")), problem.CodeValueInvalid, "2:29", "message is empty"},
		{"a failure's code is a code", steps(step("Fail", "message: a, code: Not OK")), problem.CodeValueInvalid, "2:41", "code must consist of lowercase letters, digits and _"},
		{"a failure's code is literal", steps(step("Fail", "message: a, code: '${job.id}'")), problem.CodeValueInvalid, "2:41", "this can't be an expression"},

		{"a step's condition is one", query + "}\n  condition: maybe", problem.CodeTypeMismatch, "4:3", "must be true, false or an expression"},
		{"a step's condition compiles", query + "}\n  condition: ${nope}", problem.CodeExpressionInvalid, "4:3", "unknown name nope"},
		{"a step's condition gives true or false", query + "}\n  condition: ${'a'}", problem.CodeTypeMismatch, "4:3", "but ${'a'} gives text"},
		{"what becomes of an error is known", query + "}\n  onError: ignore", problem.CodeTypeMismatch, "4:3", `must be fail or continue, but is the text "ignore"`},

		{"a Return is not in a branch", steps(step("Parallel", "branches: {a: [{opName: Return}]}")), problem.CodeValueInvalid, "2:49", "a Return is not allowed in steps that run concurrently"},
		{"a Return is not in an If in a branch", steps(step("Parallel", "branches: {a: [{opName: If, opParams: {condition: true, then: [{opName: Return}]}}]}")), problem.CodeValueInvalid, "2:97", "a Return is not allowed in steps that run concurrently"},
		{"a Return is not in a loop at the same time", steps(step("ForEach", "in: [1], maxConcurrency: 2, steps: [{opName: Return}]")), problem.CodeValueInvalid, "2:69", "a Return is not allowed in steps that run concurrently"},
		{"a Return is not in a loop that may run at the same time", steps(step("ForEach", "in: [1], maxConcurrency: '${2 - 1}', steps: [{opName: Return}]")), problem.CodeValueInvalid, "2:78", "a Return is not allowed in steps that run concurrently"},

		{"nothing follows a Return", steps("{opName: Return}", set("x", "1"), set("y", "1")), problem.CodeStepUnreachable, "3:3", "this step is never reached; the one before it always ends the scenario"},
		{"nothing follows a Fail", steps(step("Fail", "message: a"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows a Return that is made", steps("{opName: Return, condition: true}", set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows two ends", steps(step("If", "condition: '${1 < 2}', then: [{opName: Return}], else: [{opName: Return}]"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows ends in all cases", steps(step("Switch", "value: 1, cases: [{when: 1, steps: [{opName: Return}]}], default: [{opName: Return}]"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows a try that returns", steps(step("TryCatch", "try: [{opName: Return}], finally: []"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows a try and a catch that return", steps(step("TryCatch", "try: [{opName: Return}], catch: [{opName: Return}]"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows a finally that returns", steps(step("TryCatch", "try: [], finally: [{opName: Return}]"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing follows a branch that fails", steps(step("Parallel", "branches: {a: [], b: [{opName: Fail, opParams: {message: a}}]}"), set("x", "1")), problem.CodeStepUnreachable, "3:3", "never reached"},
		{"nothing in a block follows a Return", steps(step("If", "condition: true, then: [{opName: Return}, "+set("x", "1")+"]")), problem.CodeStepUnreachable, "2:69", "never reached"},

		{"steps lie within each other to a bound", nested(17), problem.CodeTooLarge, "1:929", "steps lie more than 16 lists deep"},
		{"steps have a bound", steps(strings.Split(strings.Repeat(set("x", "1")+"\n", 1002), "\n")[:1002]...), problem.CodeTooLarge, "1002:3", "a scenario has at most 1000 steps"},
		{"expressions have a bound", query + ", bind: {x: [" + strings.Repeat("\"${1}\",", 10_002) + "]}}", problem.CodeTooLarge, "3:70077", "a scenario has at most 10000 expressions"},
		{"values lie within each other to a bound", query + ", bind: {x: " + strings.Repeat("[", 101) + strings.Repeat("]", 101) + "}}", problem.CodeSyntax, "3:172", "the value is nested too deeply"},
		{"names have a bound where they hold something", query + ", bind: {" + strings.Repeat("x", 1_000) + ": 1}}", problem.CodeSyntax, "3:1075", "or its field names are too long"},

		{"a query asks a known source", query + ", bind: {x: '$[stag]{SELECT 1}'}}", problem.CodeSourceUnknown, "3:73", "unknown source stag; did you mean stage?"},
		{"a query is closed", query + ", bind: {x: '$[stage]{SELECT'}}", problem.CodeExpressionInvalid, "3:73", "the $[stage]{ has no closing }; write $$[stage]{ for a literal $[stage]{"},
		{"a query's expressions compile", query + ", bind: {x: '$[stage]{SELECT ${nope}}'}}", problem.CodeExpressionInvalid, "3:73", "unknown name nope"},
		{"a query's values stand without quotes", query + ", bind: {x: \"$[stage]{SELECT '${job.id}'}\"}}", problem.CodeExpressionInvalid, "3:73", "the value of ${job.id} is passed beside the query; leave out the quotes around it"},
		{"a query's values stand without double quotes", query + ", bind: {x: '$[stage]{SELECT \"a ${job.id}\"}'}}", problem.CodeExpressionInvalid, "3:73", "leave out the quotes around it"},
		{"a query does not stand in another", query + ", bind: {x: '$[stage]{SELECT $[stage]{SELECT 1}}'}}", problem.CodeExpressionInvalid, "3:73", "a query can't stand within another one; set a variable to it first"},
		{"JavaScript is not run", query + ", bind: {x: '$((a.length))'}}", problem.CodeExpressionInvalid, "3:73", "$((a.length)) would be JavaScript, which is not run; write ${…}: write len(x) for x.length; $$(( stands for $(( itself"},
	}
}

func TestParseReportsEachControlOperationMistakeOnce(t *testing.T) {
	t.Parallel()

	for _, test := range controlMistakes() {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			problems := problemsOf(t, err)
			require.Len(t, problems, 1, err)
			require.Equal(t, test.code, problems[0].Code, err)
			require.Contains(t, problems[0].Message, test.message)
			require.Equal(t, []string{test.place}, places(problems), err)
		})
	}
}

func TestParseAcceptsValidControlOperations(t *testing.T) {
	t.Parallel()

	for rule, text := range map[string]string{
		"an If without else":                    steps(step("If", "condition: '${1 < 2}', then: []")),
		"a Switch over anything":                steps(step("Switch", "value: '', cases: [{when: [1, a, '${job.id}'], steps: []}, {when: ~, steps: []}], default: []")),
		"a Switch over a list":                  steps(step("Switch", "value: '${[1]}', cases: [{when: [a], steps: []}, {when: [a], steps: []}]")),
		"a Switch over numbers and nothing":     steps(step("Switch", "value: '${counter}', cases: [{when: 1.5, steps: []}, {when: [~, 1, 1.5], steps: []}, {when: '${counter}', steps: []}, {when: '${counter}', steps: []}]")),
		"a While at its bounds":                 steps(step("While", "condition: '${1 < 2}', steps: [], maxIterations: 1000000000")),
		"a While with rounds that are computed": steps(step("While", "condition: false, steps: [], maxIterations: '${5 * 5}'")),
		"a ForEach over a list":                 steps(step("ForEach", "in: '${1..3}', as: n, index: i, steps: ["+set("x", "'${i + n}'")+"]")),
		"a ForEach over records":                steps(step("ForEach", "source: stage, query: 'SELECT :a', bind: {a: 1}, maxConcurrency: 100, continueOnError: true, steps: ["+set("x", "'${item.id}'")+"]")),
		"an empty name is none":                 steps(step("ForEach", "in: [], as: '', index: '', steps: ["+set("x", "'${item}'")+"]")),
		"a Parallel":                            steps(step("Parallel", "branches: {b: [], a: []}, maxConcurrency: 1, collectErrors: true")),
		"a TryCatch with a rule":                steps(step("TryCatch", "try: [], ignore: [{messageContains: a}, {stackContains: b}, {condition: '${error.code == \"x\" and errorStackTrace != errorMessage}'}]")),
		"a catch that does nothing":             steps(step("TryCatch", "try: [], catch: []")),
		"an empty text in a variable":           steps(set("x", "''")),
		"nothing in a variable":                 steps(set("x", "~"), set("x", "1"), set("x", "text")),
		"an integer in a number":                steps(set("x", "1.5"), set("x", "1")),
		"an app's variable":                     steps(step("SetVariable", "name: counter, value: '${counter + 1}', scope: app")),
		"a Wait for a moment":                   steps(step("Wait", "until: 2024-01-02T03:04:05Z"), step("Wait", "until: '2024-01-02'"), step("Wait", "until: '${addDays(today(), 1)}'")),
		"a duration that is computed":           steps(step("Wait", "duration: '${string(5)}s'")),
		"a signal from some":                    steps(step("WaitForSignal", "name: 'go-${job.id}', timeout: 1h, from: [approvers, '${job.id}']")),
		"a Return of anything":                  steps(step("Return", "value: {a: ['${job.id}']}")),
		"a Fail with a code":                    steps(step("Fail", "message: 'no ${job.id}', code: not_ok1")),
		"a step after one that goes on":         steps(step("Fail", "message: a", "onError: continue"), set("x", "1")),
		"a step after one that may be skipped":  steps("{opName: Return, condition: '${1 < 2}'}", set("x", "1")),
		"a step after one that is skipped":      steps("{opName: Return, condition: false}", set("x", "1")),
		"a step after one end of two":           steps(step("If", "condition: true, then: [{opName: Return}]"), set("x", "1")),
		"a step after a case that may not be":   steps(step("Switch", "value: 1, cases: [{when: 1, steps: [{opName: Return}]}]"), set("x", "1")),
		"a step after a catch":                  steps(step("TryCatch", "try: [{opName: Fail, opParams: {message: a}}], catch: []"), set("x", "1")),
		"a step after an error passed over":     steps(step("TryCatch", "try: [{opName: Fail, opParams: {message: a}}], ignore: [{messageContains: a}]"), set("x", "1")),
		"a step after a loop that may be empty": steps(step("ForEach", "in: [], steps: [{opName: Return}]"), set("x", "1")),
		"a Return in a loop, one by one":        steps(step("ForEach", "in: [1], maxConcurrency: 1, steps: [{opName: Return}]")),
		"a step whose errors are passed on":     query + "}\n  onError: continue\n  condition: ${1 < 2}",
		"the most lists within each other":      nested(16),
		"the most steps":                        steps(strings.Split(strings.Repeat(set("x", "1")+"\n", 1000), "\n")[:1000]...),
		"the most expressions":                  query + ", bind: {x: [" + strings.Repeat("\"${1}\",", 10_000) + "]}}",
		"a query in text":                       query + ", bind: {x: \"a $[stage]{SELECT '}' || ${job.id} -- {}\\n} b $${ $$[stage]{\"}}",
		"a query for a list":                    steps(step("ForEach", "in: '$[stage]{SELECT 1}', steps: []")),
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(text)
			require.NoError(t, err)
		})
	}
}

func TestParseConvertsStepListsToBlocks(t *testing.T) {
	t.Parallel()

	wait := "[{opName: Wait, opParams: {duration: 1s}}]"

	for opName, test := range map[string]struct {
		params string
		blocks []string
		rest   jsonvalue.Object
	}{
		"If":       {"else: " + wait + ", condition: '${1 < 2}', then: " + wait, []string{"then", "else"}, jsonvalue.Object{"condition": "${1 < 2}"}},
		"While":    {"condition: true, steps: " + wait, []string{"steps"}, jsonvalue.Object{"condition": true}},
		"ForEach":  {"in: [1], steps: " + wait, []string{"steps"}, jsonvalue.Object{"in": []any{int64(1)}}},
		"Parallel": {"branches: {b: " + wait + ", a: " + wait + "}", []string{"b", "a"}, jsonvalue.Object{}},
		"TryCatch": {
			"finally: " + wait + ", try: " + wait + ", catch: " + wait + ", ignore: [{messageContains: a}]",
			[]string{"try", "catch", "finally"},
			jsonvalue.Object{"ignore": []any{map[string]any{"messageContains": "a"}}},
		},
		"Switch": {
			"value: 1, default: " + wait + ", cases: [{when: 1, steps: " + wait + "}, {when: [2, 3], steps: " + wait + "}]",
			[]string{"case1", "case2", "default"},
			jsonvalue.Object{"value": int64(1), "cases": []any{
				map[string]any{"when": int64(1)}, map[string]any{"when": []any{int64(2), int64(3)}},
			}},
		},
	} {
		t.Run(opName, func(t *testing.T) {
			t.Parallel()

			found, err := parse(steps(step(opName, test.params)))
			require.NoError(t, err)

			whole := found.Steps[0]
			require.Equal(t, test.rest, whole.OpParams)

			var names []string

			for _, block := range whole.Blocks {
				names = append(names, block.Name)
				require.Len(t, block.Steps, 1)
				require.Equal(t, "Wait", block.Steps[0].OpName)
				require.Equal(t, 2, block.Steps[0].Line)
				require.Equal(t, block, whole.Block(block.Name))
				require.True(t, whole.HasBlock(block.Name))
			}

			require.Equal(t, test.blocks, names)
			require.False(t, whole.HasBlock("nothing"))
			require.Equal(t, scenario.Block{Name: "nothing"}, whole.Block("nothing"))

			// What was read is resolved without a mistake when the step runs.
			_, err = scenario.NewScope(scenario.JobScope{}, nil, nil).Resolve(opName, whole.OpParams, expression.Moment{})
			require.NoError(t, err)
		})
	}

	require.Equal(t, "case3", scenario.BlockCase(2))
}

func TestParseKeepsIntegersOfCasesExact(t *testing.T) {
	t.Parallel()

	decoded, err := scenario.Decode[scenario.Switch](jsonvalue.Object{
		"value": int64(9007199254740993), "cases": []any{map[string]any{"when": int64(9007199254740993)}},
	})
	require.NoError(t, err)
	require.Equal(t, scenario.Cases{{When: decoded.Value}}, decoded.Cases)

	loop, err := scenario.Decode[scenario.ForEach](jsonvalue.Object{"in": []any{int64(9007199254740993), 1.0}})
	require.NoError(t, err)
	require.Equal(t, scenario.List{int64(9007199254740993), 1.0}, loop.In)
}

func TestParseReportsAllMistakesOfAFileOnce(t *testing.T) {
	t.Parallel()

	_, err := parse(fmt.Sprintf(`steps:
- opName: TryCatch
  opParams:
    try:
    - {opName: Switch, opParams: {value: "${a}", cases: [{steps: [{opName: Transfrom}]}, {when: "${b}", steps: 5}]}}
    - {opName: Return}
    - {opName: Parallel, opParams: {branches: {x: [{opName: Return}], y: 5}, maxConcurrency: 0}}
    - %s
    ignore: [{messageContains: 5, condition: "${c}"}]
`, step("ForEach", "in: [1], maxConcurrency: 2, as: now, steps: [{opName: Wait}]")))

	var reported []string

	for _, problem := range problemsOf(t, err) {
		reported = append(reported, fmt.Sprintf("%d %s %s", problem.Line, problem.Code, problem.Path))
	}

	require.Equal(t, []string{
		"5 expression_invalid steps[0].opParams.try[0].opParams.value",
		"5 field_missing steps[0].opParams.try[0].opParams.cases[0]",
		"5 operation_unknown steps[0].opParams.try[0].opParams.cases[0].steps[0].opName",
		"5 expression_invalid steps[0].opParams.try[0].opParams.cases[1].when",
		"5 type_mismatch steps[0].opParams.try[0].opParams.cases[1].steps",
		"7 step_unreachable steps[0].opParams.try[2]",
		"7 value_invalid steps[0].opParams.try[2].opParams.branches.x[0].opName",
		"7 type_mismatch steps[0].opParams.try[2].opParams.branches.y",
		"7 value_invalid steps[0].opParams.try[2].opParams.maxConcurrency",
		"8 value_invalid steps[0].opParams.try[3].opParams.as",
		"8 value_invalid steps[0].opParams.try[3].opParams.steps[0].opParams",
		"9 value_invalid steps[0].opParams.ignore[0]",
		"9 type_mismatch steps[0].opParams.ignore[0].messageContains",
		"9 expression_invalid steps[0].opParams.ignore[0].condition",
	}, reported)
}

func TestParseReportsYAMLAndOtherMistakesTogether(t *testing.T) {
	t.Parallel()

	_, err := parse(`parameters: {limit: {type: integer, default: 012}}
steps:
- {opName: SetVariable, opParams: {name: a, value: 1}, opParams: {name: b, value: 2}}
- &one {opName: SetVariable, opParams: {name: c, value: 3}}
- *one
- {opName: WaitForSignal, opParams: {name: 007, from: [approvers, 08], timeout: !!str soon}}
- {opName: Transfrom}
- {opName: Return, opParams: {value: "${a + c + limit + d}"}}
`)

	var reported []string

	for _, problem := range problemsOf(t, err) {
		reported = append(reported, fmt.Sprintf("%d %s %s", problem.Line, problem.Code, problem.Path))
	}

	require.Equal(t, []string{
		"1 syntax parameters.limit.default",
		"3 syntax steps[0].opParams",
		"4 syntax steps[1]",
		"5 syntax steps[2]",
		"6 syntax steps[3].opParams.name",
		"6 syntax steps[3].opParams.from[1]",
		"6 syntax steps[3].opParams.timeout",
		"7 operation_unknown steps[4].opName",
		"8 expression_invalid steps[5].opParams.value",
	}, reported)
}

func TestParseChecksStepsOfUnknownOperations(t *testing.T) {
	t.Parallel()

	_, err := parse(steps(
		step("Iff", "condition: true, then: ["+call("Load", "titel: a")+"]"),
		step("SetVariabel", "name: x, value: 1"),
		step("Return", "value: '${x + nope}'"),
		step("Wiggle", "steps: [{opName: Iff}]"),
	))

	var reported []string

	for _, problem := range problemsOf(t, err) {
		reported = append(reported, fmt.Sprintf("%d %s %s", problem.Line, problem.Code, problem.Path))
	}

	require.Equal(t, []string{
		"2 operation_unknown steps[0].opName",
		"2 field_unknown steps[0].opParams.then[0].titel",
		"3 operation_unknown steps[1].opName",
		"4 expression_invalid steps[2].opParams.value",
		"5 step_unreachable steps[3]",
		"5 operation_unknown steps[3].opName",
	}, reported)
}
