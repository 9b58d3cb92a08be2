package validation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// load is the beginning of a scenario with one LoadTableFromSource; a test appends to its opParams.
const load = "steps:\n- opName: LoadTableFromSource\n  opParams: {source: files, table: a, targetSource: stage, targetTable: b"

// request is the beginning of a scenario with one HTTPRequest.
const request = "steps:\n- opName: HTTPRequest\n  opParams: {source: files, path: orders"

// mistake is a scenario with one mistake, and the expected problem.
type mistake struct {
	rule    string
	text    string
	code    problem.Code
	place   string
	message string
}

// mistakes returns at least one scenario for each rule.
func mistakes() []mistake {
	list := []mistake{
		{"a file is YAML", "steps: [", problem.CodeSyntax, "2:1", "did not find expected node content"},
		{"a scenario is an object", "- 1", problem.CodeTypeMismatch, "1:1", "must be an object, but is a list"},
		{"a scenario has steps", "description: x", problem.CodeFieldMissing, "1:1", "steps is missing (the steps, in order)"},
		{"a scenario has at least one step", "steps: []", problem.CodeValueInvalid, "1:1", "a scenario needs at least one step"},
		{"steps are a list", "steps: {a: 1}", problem.CodeTypeMismatch, "1:1", "must be a list, but is an object"},
		{"a field of a scenario is known", query + "}\nstep: []", problem.CodeFieldUnknown, "4:1", "unknown field step; did you mean steps?"},
		{"a description is text", "description: 5\n" + query + "}", problem.CodeTypeMismatch, "1:1", "must be text, but is the integer 5"},

		{"parameters are an object", "parameters: [a]\n" + query + "}", problem.CodeTypeMismatch, "1:1", "must be an object, but is a list"},
		{"a parameter is an object", "parameters: {a: text}\n" + query + "}", problem.CodeTypeMismatch, "1:14", `must be an object, but is the text "text"`},
		{"a parameter has a type", "parameters: {a: {}}\n" + query + "}", problem.CodeFieldMissing, "1:14", "type is missing (the type of the values)"},
		{"a parameter's type is known", "parameters: {a: {type: txt}}\n" + query + "}", problem.CodeTypeMismatch, "1:18", `must be a type, but is the text "txt"; did you mean text?`},
		{"a parameter's type is text", "parameters: {a: {type: 5}}\n" + query + "}", problem.CodeTypeMismatch, "1:18", "must be a type, but is the integer 5"},
		{"a parameter's field is known", "parameters: {a: {type: text, defaul: x}}\n" + query + "}", problem.CodeFieldUnknown, "1:30", "unknown field defaul; did you mean default?"},
		{"a default has its parameter's type", "parameters: {a: {type: integer, default: five}}\n" + query + "}", problem.CodeTypeMismatch, "1:33", `must be an integer, but is the text "five"`},
		{"a default is not null", "parameters: {a: {type: text, default: ~}}\n" + query + "}", problem.CodeTypeMismatch, "1:30", "must be text, but is nothing"},
		{"a default holds no expression", "parameters: {a: {type: integer, default: \"${1}\"}}\n" + query + "}", problem.CodeTypeMismatch, "1:33", `must be an integer, but is the text "${1}"`},
		{"a parameter's name is an identifier", "parameters: {1st: {type: text}}\n" + query + "}", problem.CodeValueInvalid, "1:14", "1st can't name a parameter"},
		{"a parameter's name is in one piece", "parameters: {a-b: {type: text}}\n" + query + "}", problem.CodeValueInvalid, "1:14", "a-b can't name a parameter"},

		{"a step is an object", "steps: [1]", problem.CodeTypeMismatch, "1:9", "must be an object, but is the integer 1"},
		{"a step has an operation", "steps:\n- title: x", problem.CodeFieldMissing, "2:3", "opName is missing (the operation that the step runs"},
		{"an operation's name is text", "steps:\n- opName: 5", problem.CodeTypeMismatch, "2:3", "must be text, but is the integer 5"},
		{"an operation is known", "steps:\n- opName: transfrom", problem.CodeOperationUnknown, "2:3", "unknown operation transfrom; did you mean Transform?"},
		{"an operation far from all is answered with the list", "steps:\n- opName: SendMessage", problem.CodeOperationUnknown, "2:3", "unknown operation SendMessage; known are LoadTableFromSource, Transform, RunSourceScript, Insert, Update, Delete, HTTPRequest, If, "},
		{"a field of a step is known", query + "}\n  timeuot: 1m", problem.CodeFieldUnknown, "4:3", "unknown field timeuot; did you mean timeout?"},
		{"a step's title is text", query + "}\n  title: [a]", problem.CodeTypeMismatch, "4:3", "must be text, but is a list"},
		{"a step's name is an identifier", query + "}\n  name: my-step", problem.CodeValueInvalid, "4:3", "my-step can't name a step"},
		{"a step's name is taken once", query + "}\n  name: a\n" + strings.TrimPrefix(query, "steps:\n") + "}\n  name: a", problem.CodeNameTaken, "7:3", "an earlier step is named a too"},

		{"a timeout is a duration", query + "}\n  timeout: soon", problem.CodeTypeMismatch, "4:3", `must be a duration above zero such as 90s or 1h30m, but is the text "soon"`},
		{"a timeout has a unit", query + "}\n  timeout: 90", problem.CodeTypeMismatch, "4:3", "must be a duration above zero such as 90s or 1h30m, but is the integer 90"},
		{"a timeout is above zero", query + "}\n  timeout: 0s", problem.CodeTypeMismatch, "4:3", "must be a duration above zero"},
		{"a timeout is not negative", query + "}\n  timeout: -1s", problem.CodeTypeMismatch, "4:3", "must be a duration above zero"},
		{"retry is an object", query + "}\n  retry: 3", problem.CodeTypeMismatch, "4:3", "must be an object, but is the integer 3"},
		{"a field of retry is known", query + "}\n  retry: {maxAttempts: 3}", problem.CodeFieldUnknown, "4:11", "unknown field maxAttempts; known are initialInterval"},
		{"there is at least one attempt", query + "}\n  retry: {maximumAttempts: 0}", problem.CodeValueInvalid, "4:11", "must be from 1 to 1000000, but is 0"},
		{"there are at most a million attempts", query + "}\n  retry: {maximumAttempts: 1000001}", problem.CodeValueInvalid, "4:11", "but is 1000001"},
		{"attempts are whole", query + "}\n  retry: {maximumAttempts: 1.5}", problem.CodeTypeMismatch, "4:11", "must be an integer, but is the number 1.5"},
		{"waits between attempts don't shrink", query + "}\n  retry: {backoffCoefficient: 0.99}", problem.CodeValueInvalid, "4:11", "must be at least 1, but is the number 0.99"},
		{"a whole coefficient is bounded too", query + "}\n  retry: {backoffCoefficient: 0}", problem.CodeValueInvalid, "4:11", "must be at least 1, but is the integer 0"},
		{"a coefficient is a number", query + "}\n  retry: {backoffCoefficient: two}", problem.CodeTypeMismatch, "4:11", `must be a number, but is the text "two"`},
		{"the first wait is a duration", query + "}\n  retry: {initialInterval: 0s}", problem.CodeTypeMismatch, "4:11", "must be a duration above zero"},
		{"the longest wait is a duration", query + "}\n  retry: {maximumInterval: 5}", problem.CodeTypeMismatch, "4:11", "must be a duration above zero"},

		{"a field of an operation is known", query + ", sourec: files}", problem.CodeFieldUnknown, "3:66", "unknown field sourec; did you mean source?"},
		{"an operation's field is given", "steps:\n- opName: Transform\n  opParams: {source: stage, returnResult: true}", problem.CodeFieldMissing, "3:3", "query is missing (the query"},
		{"an operation's text is text", "steps:\n- opName: Transform\n  opParams: {source: stage, query: 5, returnResult: true}", problem.CodeTypeMismatch, "3:29", "must be text, but is the integer 5"},
		{"an operation's boolean is one", "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, returnResult: \"yes\"}", problem.CodeTypeMismatch, "3:39", `must be true or false, but is the text "yes"`},
		{"an operation's object is one", query + ", bind: [1]}", problem.CodeTypeMismatch, "3:66", "must be an object, but is a list"},
		{"column types are an object", load + ", columnTypes: [text]}", problem.CodeTypeMismatch, "3:76", "must be an object of column names with types, but is a list"},
		{"column types are known", load + ", columnTypes: {a: text, b: int}}", problem.CodeTypeMismatch, "3:99", `b must be a type, but is the text "int"`},
		{"a source is known", "steps:\n- opName: Transform\n  opParams: {source: stgae, query: q, returnResult: true}", problem.CodeSourceUnknown, "3:14", "unknown source stgae; did you mean stage?"},
		{"a target source is known", "steps:\n- opName: LoadTableFromSource\n  opParams: {source: files, table: a, targetSource: warehouse, targetTable: b}", problem.CodeSourceUnknown, "3:39", "unknown source warehouse; known are files, stage"},

		{"a result is stored in no table", query + ", targetTable: t}", problem.CodeValueInvalid, "3:66", "drop either targetTable or returnResult"},
		{"the records go somewhere", "steps:\n- opName: Transform\n  opParams: {source: stage, query: q}", problem.CodeValueInvalid, "3:3", "the records go nowhere"},
		{"a result that is not returned goes nowhere", "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, returnResult: false}", problem.CodeValueInvalid, "3:3", "the records go nowhere"},
		{"only a result has a name", "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, targetTable: t, resultName: r}", problem.CodeValueInvalid, "3:55", "there is no result to name"},
		{"only a table is in a target source", query + ", targetSource: files}", problem.CodeValueInvalid, "3:66", "targetSource needs a targetTable"},

		{"a request has one body", request + ", json: 1, form: {a: 1}}", problem.CodeValueInvalid, "3:52", "a request has one body; give json, form, text or file, or a form with a file"},
		{"a form has fields or a text is sent", request + ", form: {a: 1}, text: x}", problem.CodeValueInvalid, "3:57", "a request has one body"},
		{"a file is sent with a form, and not with JSON", request + ", json: 1, fileField: f, file: f, fileSource: files}", problem.CodeValueInvalid, "3:66", "a request has one body"},
		{"a file is sent with a form, and not with a text too", request + ", form: {a: 1}, text: x, file: f, fileSource: files}", problem.CodeValueInvalid, "3:57", "a request has one body"},
		{"a file comes from somewhere", request + ", file: f}", problem.CodeValueInvalid, "3:43", "file needs a fileSource"},
		{"a field for a file has one", request + ", form: {a: 1}, fileField: f}", problem.CodeValueInvalid, "3:57", "fileField needs a file"},
		{"a form with a file says where its fields end", request + ", form: {a: 1}, file: f, fileSource: files, headers: {content-type: multipart/form-data}}", problem.CodeValueInvalid, "3:85", "leave it to the request"},
		{"a form of a file alone says where that ends", request + ", fileField: x, file: f, fileSource: files, headers: {Content-Type: x}}", problem.CodeValueInvalid, "3:85", "leave it to the request"},
		{"an answer goes to one place", request + ", returnValue: true, returnResult: true}", problem.CodeValueInvalid, "3:62", "the answer goes to one place"},
		{"an answer's file lies somewhere", request + ", targetFile: f}", problem.CodeValueInvalid, "3:43", "targetFile needs a fileSource"},
		{"an answer's table lies somewhere", request + ", targetTable: t}", problem.CodeValueInvalid, "3:43", "targetTable needs a targetSource"},
		{"only an answer that is a result has a name", request + ", returnValue: true, resultName: r}", problem.CodeValueInvalid, "3:62", "there is no result to name"},
		{"only an answer that is a table has a format", request + ", returnValue: true, format: {type: csv}}", problem.CodeValueInvalid, "3:62", "an answer is read as a table only for"},
		{"only an answer that is a table is in a target source", request + ", targetSource: stage}", problem.CodeValueInvalid, "3:43", "targetSource needs a targetTable"},
		{"an answer's table is written in one way", request + ", targetSource: stage, targetTable: t, append: true, upsert: [a]}", problem.CodeValueInvalid, "3:94", "drop append or upsert"},

		{"an expression is closed", query + ", resultName: \"a${job.id\"}", problem.CodeExpressionInvalid, "3:66", "the ${ has no closing }"},
		{"an expression is whole", query + ", resultName: \"${1 +}\"}", problem.CodeExpressionInvalid, "3:66", "in ${1 +}, column 3: the expression is incomplete"},
		{"an expression's names are known", query + ", bind: {x: [1, {y: \"${conter}\"}]}}", problem.CodeExpressionInvalid, "3:81", "in ${conter}, column 1: unknown name conter; did you mean counter?"},
		{"an expression's functions are known", query + ", resultName: \"${uper(job.id)}\"}", problem.CodeExpressionInvalid, "3:66", "in ${uper(job.id)}, column 1: unknown name uper; did you mean upper?"},
		{"a function far from all is answered with the list", query + ", resultName: \"${capitalize(job.id)}\"}", problem.CodeExpressionInvalid, "3:66", "unknown name capitalize; known are abs, addDays, addTime, "},
		{"a job's fields are known", query + ", resultName: \"${job.id + job.idd}\"}", problem.CodeExpressionInvalid, "3:66", "in ${job.id + job.idd}, column 14: unknown field idd; did you mean id?"},
		{"an outcome's fields are known", query + "}\n  name: a\n" + strings.TrimPrefix(query, "steps:\n") + ", limit: \"${steps.a.rowz}\"}", problem.CodeExpressionInvalid, "6:66", "in ${steps.a.rowz}, column 9: unknown field rowz; did you mean rows?"},
		{"an error's fields are known", query + "}\n  name: a\n" + strings.TrimPrefix(query, "steps:\n") + ", limit: \"${steps.a.error.step.lin}\"}", problem.CodeExpressionInvalid, "6:66", "unknown field lin; did you mean line?"},
		{"an expression's types fit together", query + ", resultName: \"${job.id + 1}\"}", problem.CodeExpressionInvalid, "3:66", "the operator + does not accept text and an integer"},
		{"a pattern has a bound", query + ", returnValue: \"${job.id matches '" + strings.Repeat("a", 1_001) + "'}\"}", problem.CodeExpressionInvalid, "3:66", "a pattern has at most 1000 bytes, this has 1001"},
		{"an expression reads no clock", query + ", resultName: \"${string(date())}\"}", problem.CodeExpressionInvalid, "3:66", "there is no function date"},
		{"an expression sees no step that comes later", query + ", bind: {n: \"${steps.a.rows}\"}}\n  name: a", problem.CodeExpressionInvalid, "3:73", "in ${steps.a.rows}: no step named a has ended here; a is named in line 2, which is later or in a nested"},
		{"an expression's result has the field's form", query + ", resultName: \"${1 + 1}\"}", problem.CodeTypeMismatch, "3:66", "must be text, but ${1 + 1} gives an integer"},
		{"an expression's result has the parameter's type", "parameters: {x: {type: float}}\n" + query + ", resultName: \"${x}\"}", problem.CodeTypeMismatch, "4:66", "must be text, but ${x} gives a number"},
		{"a boolean is no text", query + ", resultName: \"${true}\"}", problem.CodeTypeMismatch, "3:66", "must be text, but ${true} gives true or false"},
		{"a list is no object", query + ", bind: \"${[1]}\"}", problem.CodeTypeMismatch, "3:66", "must be an object, but ${[1]} gives a list"},
		{"an object is no text", query + ", resultName: \"${job}\"}", problem.CodeTypeMismatch, "3:66", "must be text, but ${job} gives an object"},
		{"text around an expression is text", "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, returnResult: \"x${1}\"}", problem.CodeTypeMismatch, "3:39", "the text around the expression makes it text"},
		{"an operation has a name", "steps:\n- opName: ''", problem.CodeValueInvalid, "2:3", "opName is empty"},
		{"a query says something", "steps:\n- opName: Transform\n  opParams: {source: stage, query: '', returnResult: true}", problem.CodeValueInvalid, "3:29", "query is empty"},
		{"parameters that are no object are reported once", "steps:\n- opName: Transform\n  opParams: 5", problem.CodeTypeMismatch, "3:3", "must be an object, but is the integer 5"},
		{"only now is taken for now", query + ", bind: {x: \"${nowhere}\"}}", problem.CodeExpressionInvalid, "3:73", "column 1: unknown name nowhere"},
	}

	for _, name := range []string{
		"job", "steps", "error", "errorMessage", "errorStackTrace", "now", "today", "random", "uuid", "true", "false", "nil", "null", "in", "not", "and", "or", "let", "if", "else", "matches",
		"contains", "startsWith", "endsWith", "env",
	} {
		list = append(list, mistake{
			name + " is no name for a parameter", fmt.Sprintf("parameters: {%q: {type: text}}\n%s}", name, query),
			problem.CodeValueInvalid, "1:14", name + " can't name a parameter",
		})
	}

	return list
}

// boundMistakes returns values for the parameters of a scenario, each with a mistake.
func boundMistakes() map[problem.Code]jsonvalue.Object {
	return map[problem.Code]jsonvalue.Object{
		problem.CodeParameterMissing:  {},
		problem.CodeParameterMismatch: {"x": "five"},
		problem.CodeParameterUnknown:  {"x": int64(5), "y": "z"},
	}
}

func TestParseReportsEveryMistakeOfFormatsAndColumnTypes(t *testing.T) {
	t.Parallel()

	_, err := validation.Parse("scenarios/Main.yaml", []byte(`steps:
- opName: LoadTableFromSource
  opParams:
    source: files
    table: a.csv
    format:
      type: cvs
      encoding: ansi
      separator: ";;"
      quotes: none
      header: 1
      dateFormat: DD.MM.YYYY
      decimalSeparator: ","
      thousandsSeparator: ","
      columns:
        price: {decimalSeparator: x, precision: 2}
        total: {booleans: [ja]}
    targetSource: stage
    targetTable: b
    targetFormat: {type: json, encoding: utf8, compression: gzipp, sheet: x, header: false}
    columnTypes:
      a: int
      b: text
      c: decimals
`), environment())

	var found []string
	for _, one := range problemsOf(t, err) {
		found = append(found, fmt.Sprintf("%d: %s", one.Line, one.Message))
	}

	require.Equal(t, []string{
		`7: "cvs" is not a type of files; did you mean csv?`,
		`8: "ansi" is not a supported encoding; Windows calls windows-1252 so in Western Europe and America`,
		`9: ";;" is not one character; use one character, or "tab"`,
		`10: unknown field quotes; did you mean quote?`,
		`11: header must be true or false, but is the integer 1`,
		`12: the pattern "DD.MM.YYYY" has the letter D; its letters are yyyy, MM, dd, HH, mm, ss, SSS and XXX, for example dd.MM.yyyy HH:mm:ss; other letters stand in single quotes`,
		`14: "," is also the decimalSeparator; set both to different characters`,
		`16: "x" is not one character that separates digits, such as a comma`,
		`16: unknown field precision; known are dateFormat, timestampFormat, decimalSeparator, thousandsSeparator, booleans, trim`,
		`17: it needs two different texts, those of true and of false, for example [yes, no]`,
		`20: "gzipp" is not a compression; did you mean gzip?`,
		`20: it has no effect on a file of type json`,
		`20: it has no effect on a file of type json`,
		`22: a must be a type, but is the text "int"; "int" is not a type; did you mean integer?`,
		`24: c must be a type, but is the text "decimals"; "decimals" is not a type; did you mean decimal?`,
	}, found)
}

func TestParseReportsCodePlaceAndMessageOfEachMistake(t *testing.T) {
	t.Parallel()

	for _, test := range mistakes() {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			problems := problemsOf(t, err)
			require.Len(t, problems, 1, err)
			require.Equal(t, test.code, problems[0].Code, err)
			require.Equal(t, []string{test.place}, places(problems), err)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
}

func TestEveryCodeIsReported(t *testing.T) {
	t.Parallel()

	produced := map[problem.Code]bool{}

	for _, test := range slices.Concat(mistakes(), controlMistakes()) {
		produced[test.code] = true // Which other tests hold.
	}

	for _, text := range []string{
		steps(call("Nothing")), steps(call("Main")), steps(step("RunSourceScript", "source: stage, scriptFile: nowhere.sql")),
		"parameters: {p: {type: text, secret: true}}\n" + steps(step("Return", "value: '${p}'")),
		steps(set("x", "1"), step("Parallel", "branches: {a: ["+set("x", "2")+"]}")),
	} {
		found, err := parse(text)
		if err == nil {
			_, err = program(t, map[string]string{"Main": text})
		}

		require.Error(t, err, found)

		for _, problem := range problemsOf(t, err) {
			produced[problem.Code] = true
		}
	}

	_, err := validation.Parse("Main.yaml", []byte(steps(step("Transform", "source: files, query: q, returnValue: true"))), stores())
	produced[problemsOf(t, err)[0].Code] = true

	for _, code := range []problem.Code{ // Tests of package sourcecheck produce them.
		problem.CodeSourceUnreachable, problem.CodeQueryRefused, problem.CodeTableMissing, problem.CodeColumnMissing,
	} {
		produced[code] = true
	}

	for code, given := range boundMistakes() {
		_, err := (scenario.Scenario{Parameters: []scenario.Parameter{{Name: "x", Type: source.Integer, Required: true}}}).Bind(given)
		problems := problemsOf(t, err)
		require.Len(t, problems, 1)
		require.Equal(t, code, problems[0].Code)

		produced[code] = true
	}

	for _, code := range problem.Codes() {
		require.True(t, produced[code], "no case produces %s", code)
		delete(produced, code)
	}

	require.Empty(t, produced, "codes that Codes does not list")
}

func TestParseAcceptsValidScenarios(t *testing.T) {
	t.Parallel()

	for rule, text := range map[string]string{
		"the most attempts":                            query + "}\n  retry: {maximumAttempts: 1000000}",
		"a single attempt":                             query + "}\n  retry: {maximumAttempts: 1, backoffCoefficient: 1}",
		"an empty retry":                               query + "}\n  retry: {}",
		"the shortest timeout":                         query + "}\n  timeout: 1ns",
		"a table in another source":                    "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, targetSource: files, targetTable: t}",
		"a table, and nothing returned":                "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, returnResult: false, targetTable: t}",
		"whether to return is computed":                "steps:\n- opName: Transform\n  opParams: {source: stage, query: q, returnResult: \"${1 < 2}\"}",
		"a source that is computed":                    "parameters: {s: {type: text}}\nsteps:\n- opName: Transform\n  opParams: {source: \"${s}\", query: q, returnResult: true}",
		"an object that is computed":                   query + ", bind: \"${job}\"}",
		"column types that are computed":               load + ", columnTypes: \"${{id: 'integer'}}\"}",
		"any value where any may stand":                query + ", bind: {a: \"${1}\", b: \"${[true]}\", c: \"${nil}\"}}",
		"a result name that is known only at run time": query + ", resultName: \"${[job.id][0]}\"}",
		"an outcome of an earlier step":                query + "}\n  name: a\n" + strings.TrimPrefix(query, "steps:\n") + ", bind: {n: \"${steps.a.rows + steps.a.durationMs}\"}}",
		"two steps without names":                      query + "}\n" + strings.TrimPrefix(query, "steps:\n") + "}",
		"a dollar in a title, no expression":           query + "}\n  title: \"${what}\"",
		"a parameter that calls itself by _":           "parameters: {_: {type: text}}\n" + query + ", resultName: \"${_}\"}",
		"a parameter named like a function":            "parameters: {date: {type: text}, keys: {type: text}}\n" + query + ", resultName: \"${date + keys}\"}",
		"a default that an integer is for":             "parameters: {x: {type: float, default: 5}}\n" + query + "}",
		"a default that is false":                      "parameters: {x: {type: boolean, default: false}}\n" + query + "}",
		"a timestamp and a date, not in text":          "parameters: {x: {type: timestamp, default: 2024-01-02T03:04:05Z}, y: {type: date, default: 2024-01-02}}\n" + query + "}",
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(text)
			require.NoError(t, err)
		})
	}
}

func TestParameterWithoutDefaultIsRequired(t *testing.T) {
	t.Parallel()

	found, err := parse("parameters: {a: {type: text}, b: {type: boolean, default: false}}\n" + query + "}")
	require.NoError(t, err)
	require.Equal(t, []scenario.Parameter{
		{Name: "a", Type: source.Text, Required: true},
		{Name: "b", Type: source.Boolean, Default: false},
	}, found.Parameters)
}

func TestParseWithoutSources(t *testing.T) {
	t.Parallel()

	_, err := validation.Parse("Main.yaml", []byte(query+"}"), validation.Environment{})
	require.EqualError(t, err, "Main.yaml:3:14: unknown source stage; there are none [source_unknown]")
}

func TestParseOperationReturnsAStep(t *testing.T) {
	t.Parallel()

	step, err := validation.ParseOperation(jsonvalue.Object{
		"title": "Show", "opName": "Transform", "timeout": "1m",
		"opParams": map[string]any{"source": "stage", "query": "q", "returnResult": true, "resultName": "of ${job.id}"},
	}, environment())
	require.NoError(t, err)
	require.Equal(t, "Show", step.Title)
	require.Equal(t, "Transform", step.OpName)
	require.Equal(t, scenario.Duration(time.Minute), step.Timeout)
	require.Equal(t, "of ${job.id}", step.OpParams["resultName"])
	require.Zero(t, step.Line)
}

func TestParseOperationReportsPaths(t *testing.T) {
	t.Parallel()

	_, err := validation.ParseOperation(jsonvalue.Object{
		"opName": "Transform", "titel": "x",
		"opParams": map[string]any{"source": "stgae", "query": "q", "returnResult": true, "bind": map[string]any{"x": "${y}"}},
	}, environment())
	require.EqualError(t, err, strings.Join([]string{
		"titel: unknown field titel; did you mean title? [field_unknown]",
		"opParams.source: unknown source stgae; did you mean stage? [source_unknown]",
		"opParams.bind.x: in ${y}, column 1: unknown name y; known are counter, job, lastRun, steps [expression_invalid]",
	}, "\n"))

	_, err = validation.ParseOperation(jsonvalue.Object{"opName": "RunScenari"}, environment())
	require.EqualError(t, err, "opName: unknown operation RunScenari; did you mean RunScenario? [operation_unknown]")

	_, err = validation.ParseOperation(nil, environment())
	require.EqualError(t, err, "opName is missing (the operation that the step runs) [field_missing]")
}

func TestParseOperationKeepsParametersOfRunScenarioAsData(t *testing.T) {
	t.Parallel()

	step, err := validation.ParseOperation(jsonvalue.Object{
		"opName": scenario.OpRunScenario,
		"opParams": map[string]any{
			"scenario": "Main", "parameters": map[string]any{"text": "${now()} ${ $${", "deep": []any{"${nope}"}},
		},
	}, environment())
	require.NoError(t, err)

	decoded, err := scenario.Decode[scenario.RunScenario](step.OpParams)
	require.NoError(t, err)
	require.Equal(t, scenario.RunScenario{
		Scenario: "Main", Parameters: jsonvalue.Object{"text": "${now()} ${ $${", "deep": []any{"${nope}"}},
	}, decoded)

	_, err = validation.ParseOperation(jsonvalue.Object{
		"opName": scenario.OpRunScenario, "opParams": map[string]any{"parameters": int64(5), "scenari": "Main"},
	}, environment())
	problems := problemsOf(t, err)
	require.Len(t, problems, 3)
	require.Equal(t, problem.CodeFieldMissing, problems[0].Code)
	require.Equal(t, "opParams.parameters", problems[1].Path)
	require.Equal(t, "unknown field scenari; did you mean scenario?", problems[2].Message)
}
