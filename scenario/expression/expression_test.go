package expression_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/expr-lang/expr/builtin"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

func TestEvaluateKeepsTypeOfSingleExpression(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"${country}":             "CH",
		"${1 + 1}":               int64(2),
		"${1 / 2}":               0.5,
		"${ratio}":               2.0,
		"${1 < 2}":               true,
		"${nil}":                 nil,
		"${[1, 'a', 2.5, nil]}":  []any{int64(1), "a", 2.5, nil},
		"${1..3}":                []any{int64(1), int64(2), int64(3)},
		"${{a: 1, b: {c: [2]}}}": map[string]any{"a": int64(1), "b": map[string]any{"c": []any{int64(2)}}},
		"${job}":                 map[string]any{"id": "job-1", "appId": "7", "scenario": "Main", "startedAt": "2024-01-02T03:04:05.000Z"},
		"${len('äöü')}":          int64(3),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			value, err := resolve(text)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestEvaluateInsertsExpressionsIntoText(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"of ${country}":       "of CH",
		"${1}${2}":            "12",
		" ${1 + 1}":           " 2",
		"n=${1 / 2}":          "n=0.5",
		"n=${1234567.5}":      "n=1234567.5",
		"n=${['<a>']}":        `n=["<a>"]`,
		"n=${ratio}":          "n=2",
		"b=${1 < 2}":          "b=true",
		"l=${[1, 'a', nil]}":  `l=[1,"a",null]`,
		"o=${{b: 1, a: [2]}}": `o={"a":[2],"b":1}`,
		"${job.id}/${job.scenario} of ${job.appId}": "job-1/Main of 7",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			value, err := resolve(text)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestEvaluateRejectsNilInsideText(t *testing.T) {
	t.Parallel()

	_, err := resolve("of ${nil}")
	require.ErrorContains(t, err, `in ${nil}: it gives nothing; say what to write instead, as in ${x ?? "none"}`)

	value, err := resolve(`of ${nil ?? "none"}`)
	require.NoError(t, err)
	require.Equal(t, "of none", value)
}

func TestEvaluateKeepsLargeIntegersExact(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"${big}":                     int64(9007199254740993),
		"${big + 2}":                 int64(9007199254740995),
		"${big * 1 - 0}":             int64(9007199254740993),
		"${9223372036854775807}":     int64(9223372036854775807),
		"${-9223372036854775807}":    int64(-9223372036854775807),
		"${max(big, 1)}":             int64(9007199254740993),
		"${sum([big, 1])}":           int64(9007199254740994),
		"${int('9007199254740993')}": int64(9007199254740993),
		"${[{n: big}]}":              []any{map[string]any{"n": int64(9007199254740993)}},
		"${big == 9007199254740992}": false,
		"n=${big}":                   "n=9007199254740993",
		"n=${[big]}":                 "n=[9007199254740993]",
		"${values({n: big})[0] + 1}": int64(9007199254740994),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			value, err := resolve(text)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestCheckAndEvaluateRejectDisabledFunctions(t *testing.T) {
	t.Parallel()

	for text, message := range map[string]string{
		"${date('2024-01-02')}":        "there is no function date; dates and timestamps are text; use now, today, addTime",
		"${timezone('UTC')}":           "there is no function timezone",
		"at ${string(duration('1h'))}": "there is no function duration",
		"${reduce([1], #acc)}":         "there is no function reduce; the cost can't be limited",
		"${flatten([[1]])}":            "there is no function flatten; the cost can't be limited",
		"${uniq([1])}":                 "there is no function uniq; the cost can't be limited",
		"${$env}":                      "$env is not part of the language",
		"${$env['country']}":           "$env is not part of the language",
		"${1; 2}":                      "an expression is one value",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := resolve(text)
			require.ErrorContains(t, err, message)

			require.ErrorContains(t, validate("", text), message)
		})
	}
}

func TestObjectFunctionsIterateInKeyOrder(t *testing.T) {
	t.Parallel()

	const object = "{j: 10, i: 9, h: 8, g: 7, f: 6, e: 5, d: 4, c: 3, b: 2, a: 1}"

	letters := strings.Split("abcdefghij", "")
	keys, values, pairs := make([]any, 10), make([]any, 10), make([]any, 10)

	for i, letter := range letters {
		keys[i], values[i], pairs[i] = letter, int64(i+1), []any{letter, int64(i + 1)}
	}

	for code, want := range map[string]any{
		"keys(" + object + ")":              keys,
		"values(" + object + ")":            values,
		"toPairs(" + object + ")":           pairs,
		"fromPairs(toPairs({b: 2}))":        map[string]any{"b": int64(2)},
		"map(keys(job), #)":                 []any{"appId", "id", "scenario", "startedAt"},
		"keys({})":                          []any{},
		"values({a: {b: 1}})":               []any{map[string]any{"b": int64(1)}},
		"toJSON({b: 1, a: 2}) | fromJSON()": map[string]any{"a": int64(2), "b": int64(1)},
		"keys(groupBy(['b', 'a', 'b'], #))": []any{"a", "b"},
		"toJSON({b: 1, a: '<'})":            `{"a":"<","b":1}`,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			value, err := resolve("${" + code + "}")
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestObjectFunctionsRejectOtherArguments(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"keys", "values", "toPairs"} {
		_, err := resolve("${" + name + "([1])}")
		require.ErrorContains(t, err, "must be an object, but is a list")

		_, err = resolve("${" + name + "()}")
		require.ErrorContains(t, err, "not enough arguments")

		_, err = resolve("${" + name + "({}, {})}")
		require.ErrorContains(t, err, "too many arguments")
	}
}

func TestEvaluateEnforcesLimits(t *testing.T) {
	t.Parallel()

	const goesThrough = "it goes through more than 16777216 bytes of text and values"

	var (
		numbers []any
		object  = map[string]any{}
	)

	for i := range int64(4_000) {
		numbers = append(numbers, i)
		object[strconv.FormatInt(i, 10)] = i
	}

	tests := []struct{ rule, code, message string }{
		{"a long range", "1..60000", "memory budget exceeded"},
		{"a very long range", "1..9000000000000000000", "memory budget exceeded"},
		{"a range in a range", "map(1..1000, 1..1000)", "memory budget exceeded"},
		{"loops in loops", "sum(1..300, sum(1..301, sum(1..302, #)))", "nested loops are not part of the language"},
		{"a long text", "repeat('x', 1000000)", "more than 65536 bytes"},
		{"a text of long texts", "repeat(repeat('x', 60000), 60000)", "more than 65536 bytes"},
		{"a text that grows where it is replaced", "replace(repeat('x', 60000), 'x', repeat('y', 60000))", "more than 65536 bytes"},
		{"a text of many", "join(map(1..30, repeat('x', 60000)), '')", "more than 65536 bytes"},
		{"JSON of many", "toJSON(map(1..3000, repeat('x', 60000)))", "bytes of text"},
		{"a result of many", "map(1..3000, repeat('x', 60000))", "bytes of text"},
		{"a list that doubles", "reduce(1..64, concat(#acc, #acc), [1])", "no function reduce; the cost can't be limited"},
		{"a value that doubles", "let a = [1, 1]; let b = [a, a]; [b, b]", "let is not part"},
		{"a text that grows with each call", nest("toBase64(", 55, "'abc'"), goesThrough},
		{"a sum of long texts", "len(map(1..300, repeat('a', 65000)" + strings.Repeat(" + repeat('a', 65000)", 20) + "))", goesThrough},
		{"JSON of JSON", "len(map(1..900, toJSON(repeat('\\n', 30000))))", goesThrough},
		{"capitals of many", "count(1..9000, upper(repeat('ß', 30000)) == '')", goesThrough},
		{"a search in long texts", "count(1..9000, repeat('a', 60000) contains 'b')", goesThrough},
		{"a pattern for long texts", "len(filter(1..4000, repeat('ab', 32000) matches '(a|b)*c$'))", goesThrough},
		{"a long pattern", "count(1..9000, '" + strings.Repeat("a", 1_000) + "' matches '(a{1,500}b?){2}c')", goesThrough},
		{"a pattern that is made", "'a' matches repeat('(a{999})', 5000)", "a pattern has at most 1000 bytes, this has 40000"},
		{"parts of many", "count(1..9000, len(split(repeat('a,', 4000), ',')) == 1)", goesThrough},
		{"parts with their separators", "count(1..9000, len(splitAfter(repeat('a,', 4000), ',')) == 1)", goesThrough},
		{"more parts than a list may have", "len(splitAfter(repeat('a', 60000), ''))", "it has more than 10000 parts"},
		{"lists of the values of an object", "count(1..4000, len(values(object)) == #)", goesThrough},
		{"characters to trim", "count(1..9000, trim(repeat('ä', 2000), repeat('äöü', 500)) == '')", goesThrough},
		{"a long list for each", "count(1..4000, # in numbers)", goesThrough},
		{"the largest of a list for each", "count(1..4000, # > max(numbers))", goesThrough},
		{"equal lists for each", "count(1..4000, numbers == numbers)", goesThrough},
		{"the names of an object for each", "count(1..4000, len(keys(object)) == #)", goesThrough},
		{"what JSON holds for each", "count(1..4000, len(fromJSON('[' + repeat('1,', 2000) + '1]')) == #)", goesThrough},
		{"a function without arguments", "len()", "invalid number of arguments"},
		{"a deep stack", strings.Repeat("(", 1_000_000), "at most 4096 bytes"},
		{"a deep stack of what is allowed", strings.Repeat("(", 2_000) + "1" + strings.Repeat(")", 2_000), ""},
		{"many nodes", strings.Repeat("1 + ", 1_000) + "1", "exceeds maximum allowed nodes"},
		{"nodes in a depth", strings.Repeat("[", 2_000) + strings.Repeat("]", 2_000), "exceeds maximum allowed nodes"},
	}

	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()

			// Without its bound, each takes forever.
			scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"numbers": numbers, "object": object})
			_, err := scope.Evaluate("${"+test.code+"}", expression.Moment{})

			if test.message == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.message)
			}
		})
	}
}

// nest is a call within a call, that many times.
func nest(call string, times int, innermost string) string {
	return "len(" + strings.Repeat(call, times) + innermost + strings.Repeat(")", times) + ")"
}

func TestEvaluateAcceptsExpressionsWithinLimits(t *testing.T) {
	t.Parallel()

	value, err := resolve("${len(map(1..4000, # * 2))}")
	require.NoError(t, err)
	require.Equal(t, int64(4_000), value)

	value, err = resolve("${len(filter(1..4000, repeat('a', 60) matches '^[a-z]{3,80}$'))}")
	require.NoError(t, err)
	require.Equal(t, int64(4_000), value)

	value, err = resolve("${" + strings.Repeat("1 + ", 90) + "1}")
	require.NoError(t, err)
	require.Equal(t, int64(91), value)
}

func TestEvaluateRejectsResultsOutsideTheLanguage(t *testing.T) {
	t.Parallel()

	for text, message := range map[string]string{
		"${0 / 0}":               "in ${0 / 0}: the result is not a number",
		"${1 / 0}":               "the result is not a number",
		"${-1 / 0}":              "the result is not a number",
		"${float('NaN')}":        "the result is not a number",
		"n=${0 / 0}":             "the result is not a number",
		"${[{n: 0 / 0}]}":        "the result is not a number",
		"${groupBy([1, 2], #)}":  "a key must be text",
		`${b"x"}`:                "a type that no parameter can hold",
		"${9223372036854775808}": "value out of range",
		"${int('x')}":            "invalid operation: int(x)",
		"${[1][5]}":              "index out of range",
		"${1 % 0}":               "integer divide by zero",
		"${'a' matches '('}":     "missing closing )",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := resolve(text)
			require.ErrorContains(t, err, message)
			require.Equal(t, problem.CodeExpressionInvalid, problemsOf(t, err)[0].Code)
		})
	}
}

func TestEvaluateDoesNotEvaluateResults(t *testing.T) {
	t.Parallel()

	const attack = "${job.id} $${ ${now()} ${"

	scope := scenario.NewScope(scenario.JobScope{ID: "secret"}, nil, jsonvalue.Object{"x": attack})

	for text, want := range map[string]any{
		"${x}":                attack,
		"<${x}>":              "<" + attack + ">",
		"${x}${x}":            attack + attack,
		"${[x]}":              []any{attack},
		"${{a: x}}":           map[string]any{"a": attack},
		"${'$'}{job.id}":      "${job.id}", // Nor does what was put together become an expression.
		"${'${'}${'job.id'}}": "${job.id}",
	} {
		value, err := resolveIn(scope, text)
		require.NoError(t, err)
		require.Equal(t, want, value)
	}
}

func TestResolveEvaluatesNestedExpressions(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{ID: "job-1"}, nil, nil)
	params := jsonvalue.Object{
		"source": "stage", "query": "q ${job.id}", "returnResult": "${1 < 2}",
		"bind": map[string]any{"${key}": []any{"${job.id}", int64(5), map[string]any{"a": "${[1]}"}}, "n": nil},
	}

	resolved, err := scope.Resolve("Transform", params, expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{
		"source": "stage", "query": "q :value1", "returnResult": true,
		"bind": map[string]any{
			"value1": "job-1",
			"${key}": []any{"job-1", int64(5), map[string]any{"a": []any{int64(1)}}}, "n": nil, // Keys are as they are.
		},
	}, resolved)
	require.Equal(t, "q ${job.id}", params["query"], "what was given was changed")
}

func TestEvaluateReadsOutcomesOfSteps(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"${steps.load.rows}":                    int64(9007199254740993),
		`${steps["load"].rows}`:                 int64(9007199254740993),
		"${steps?.load?.rows}":                  int64(9007199254740993),
		"${steps.load.error == nil}":            true,
		"${keys(steps)}":                        []any{"load", "other"},
		"${steps.load.rows > len(keys(steps))}": true,
		"${sum(map(values(steps), #.rows))}":    int64(9007199254740995),
		"${steps['ot' + 'her'].rows}":           int64(2),
		"${get(steps, 'other').rows}":           int64(2),
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			scope := scenario.NewScope(scenario.JobScope{}, nil, nil)
			scope.AddStep("load", jsonvalue.Object{"rows": int64(9007199254740993), "durationMs": int64(1500), "error": nil})
			scope.AddStep("other", jsonvalue.Object{"rows": int64(2)})

			value, err := resolveIn(scope, text)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestResolveChecksAgainstTheOperation(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"x": "v"})

	_, err := scope.Resolve("Transform", jsonvalue.Object{"source": "${[1][0]}", "query": "q", "returnResult": "${[x][0]}"}, expression.Moment{})
	require.EqualError(t, err, "source must be text, but is the integer 1 [type_mismatch]\n"+
		`returnResult must be true or false, but is the text "v" [type_mismatch]`)

	_, err = scope.Resolve("Transform", jsonvalue.Object{"source": "stage", "query": "q", "returnResult": "${1 > 2}"}, expression.Moment{})
	require.EqualError(t, err,
		"the records go nowhere; give returnResult: true, returnValue: true, or a targetTable to store them in [value_invalid]")

	// What can't be resolved is reported at once, and is not missing as well.
	_, err = scope.Resolve("Transform", jsonvalue.Object{"source": "${a}", "query": "q", "targetTable": "${b}"}, expression.Moment{})
	problems := problemsOf(t, err)
	require.Len(t, problems, 2)
	require.Equal(t, "source", problems[0].Path)
	require.Equal(t, "targetTable", problems[1].Path)

	_, err = scope.Resolve("Nothing", nil, expression.Moment{})
	require.EqualError(t, err, "unknown operation Nothing [operation_unknown]")
}

func TestParameterMayHaveTheNameOfAFunction(t *testing.T) {
	t.Parallel()

	for _, function := range builtin.Builtins {
		if function.Name == "now" {
			continue // It reads the moment, and its name is reserved.
		}

		t.Run(function.Name, func(t *testing.T) {
			t.Parallel()

			scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{function.Name: "v"})

			value, err := resolveIn(scope, "${"+function.Name+" + '!'}")
			require.NoError(t, err)
			require.Equal(t, "v!", value)
		})
	}
}

func TestCheckKnowsEveryParameterType(t *testing.T) {
	t.Parallel()

	for parameter, test := range map[source.Type]struct {
		value any
		code  string
		want  any
	}{
		source.Text:      {"a", "x + 'b'", "ab"},
		source.Integer:   {int64(1), "x + 1", int64(2)},
		source.Float:     {1.5, "x * 2", 3.0},
		source.Boolean:   {true, "!x", false},
		source.Date:      {"2024-01-02", "x[:4]", "2024"},
		source.Timestamp: {"2024-01-02T03:04:05Z", "split(x, 'T')[0]", "2024-01-02"},
		source.Binary:    {"AAEC", "x + ''", "AAEC"},
	} {
		t.Run(string(parameter), func(t *testing.T) {
			t.Parallel()

			scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"x": test.value})

			value, err := resolveIn(scope, "${"+test.code+"}")
			require.NoError(t, err)
			require.Equal(t, test.want, value)

			require.ErrorContains(t, validate(parameter, "${x + [1]}"), "the operator + does not accept ")
		})
	}
}

// validate checks a text with expressions in a scenario with the parameter x, if it has a type.
func validate(parameter source.Type, text string) error {
	definition := map[string]any{"steps": []any{map[string]any{
		"opName": "SetVariable", "opParams": map[string]any{"name": "y", "value": text},
	}}}
	if parameter != "" {
		definition["parameters"] = map[string]any{"x": map[string]any{"type": parameter}}
	}

	file, err := json.Marshal(definition)
	if err != nil {
		return err
	}

	_, err = validation.Parse("Main.json", file, validation.Environment{})

	return err
}

// problemsOf returns the problems of an error.
func problemsOf(t *testing.T, err error) problem.List {
	t.Helper()

	var problems problem.List

	require.ErrorAs(t, err, &problems)
	require.NotEmpty(t, problems)

	return problems
}

// The remedy of the message for nil in an expression has no valid form for a query.
func TestQueryThatFindsNothingInTextNamesARemedyThatWorks(t *testing.T) {
	t.Parallel()

	const text = "got $[stage]{SELECT 1 WHERE 1 = 0}"

	_, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate(text, expression.Moment{})
	missing, is := errors.AsType[*expression.Missing](err)
	require.True(t, is, err)

	moment, err := expression.Moment{}.With(missing, []jsonvalue.Value{{}}, nil)
	require.NoError(t, err)

	_, err = scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate(text, moment)
	require.EqualError(t, err, "in $[stage]{SELECT 1 WHERE 1 = 0}: it finds nothing; set a variable to it first, "+
		`and write what stands for nothing, as in ${found ?? "none"}`)

	// The remedy.
	scope := scenario.NewScope(scenario.JobScope{}, nil, nil)

	found, err := scope.Evaluate("$[stage]{SELECT 1 WHERE 1 = 0}", moment)
	require.NoError(t, err)
	require.NoError(t, scope.Set("found", found))

	value, err := scope.Evaluate(`got ${found ?? "none"}`, moment)
	require.NoError(t, err)
	require.Equal(t, "got none", value)

	_, err = scope.Evaluate("${$[stage]{SELECT 1} ?? 'none'}", moment)
	require.ErrorContains(t, err, "a query can't stand within an expression: set a variable to it first")

	_, err = scope.Evaluate("${map([1], {'a': #})}", moment)
	require.ErrorContains(t, err, `unexpected ":"; write an object in a predicate with two braces`)

	_, err = scope.Evaluate("${found = 1}", moment)
	require.ErrorContains(t, err, "= is not an operator; use == to compare")
}
