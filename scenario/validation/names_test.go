package validation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// use is a step that uses the value of an expression.
func use(code string) string {
	return set("used", "'${"+strings.ReplaceAll(code, "'", "''")+"}'")
}

// within is an If around a step.
func within(inner ...string) string {
	list := ""
	for _, step := range inner {
		list += step + ", "
	}

	return step("If", "condition: '${1 < 2}', then: ["+list+"]")
}

func TestNamesHaveLexicalScope(t *testing.T) {
	t.Parallel()

	const named = "name: a"

	for rule, test := range map[string]struct {
		text    string
		message string // What is said, if the name is not known.
	}{
		"a variable after it is set":               {steps(set("x", "1"), use("x + 1")), ""},
		"a variable in a list within":              {steps(set("x", "1"), within(within(use("x + 1")))), ""},
		"a variable before it is set":              {steps(use("x"), set("x", "1")), "unknown name x; x is named in line 3, which is later or in a nested list of steps"},
		"a variable in its own value":              {steps(set("x", "'${x}'")), "x is named in line 2"},
		"a variable of a list within":              {steps(within(set("x", "1")), use("x")), "x is named in line 2"},
		"a variable of another branch":             {steps(step("If", "condition: '${1 < 2}', then: ["+set("x", "1")+"], else: ["+use("x")+"]")), "x is named in line 2"},
		"a variable of try in catch":               {steps(step("TryCatch", "try: ["+set("x", "1")+"], catch: ["+use("x")+"]")), "x is named in line 2"},
		"a variable of one round in the next":      {steps(step("While", "condition: '${x > 1}', steps: ["+set("x", "1")+"]")), "x is named in line 2"},
		"a variable set anew in a list of its own": {steps(within(set("x", "1")), within(set("x", "text"))), ""},
		"a variable that is nearly known":          {steps(set("amount", "1"), use("amuont")), "unknown name amuont; did you mean amount?"},
		"a signal's name is no variable":           {steps(use("go"), step("WaitForSignal", "name: go")), "unknown name go; known are counter"},

		"a step after it has ended":    {steps(step("Wait", "duration: 1s", named), use("steps.a.rows + 1")), ""},
		"a step in brackets":           {steps(step("Wait", "duration: 1s", named), use(`steps["a"].status`)), ""},
		"a step before it":             {steps(use("steps.a.rows"), step("Wait", "duration: 1s", named)), "no step named a has ended here; a is named in line 3"},
		"a step in its own parameters": {steps(step("Wait", "duration: '${steps.a.status}'", named)), "a is named in line 2"},
		"a step within a list":         {steps(within(step("Wait", "duration: 1s", named)), use("steps.a.rows")), "a is named in line 2"},
		"a step that is nearly known":  {steps(step("Wait", "duration: 1s", "name: load"), use("steps.laod.rows")), "no step named laod has ended here; did you mean load?"},
		"a step where there is none":   {steps(use("steps.a.rows")), "no step named a has ended here; there are none"},
		"a step in text is no step":    {steps(use(`"steps.a" + nope`)), "unknown name nope"},
		"a step's error":               {steps(step("Wait", "duration: 1s", named, "onError: continue"), use(`steps.a.error != nil and steps.a.error.step.line > 1 ? steps.a.error.code : "none"`)), ""},
		"an outcome of every step":     {steps(step("Wait", "duration: 1s", named), use("steps.a.iterations")), "unknown field iterations"},
		"the outcome of a While":       {steps(step("While", "condition: false, steps: []", named), use("steps.a.iterations + 1")), ""},
		"the outcome of a ForEach":     {steps(step("ForEach", "in: [], steps: []", named), use("steps.a.iterations + steps.a.failed + len(steps.a.errors)")), ""},
		"the outcome of a Parallel":    {steps(step("Parallel", "branches: {a: []}", named), use("steps.a.failed + len(steps.a.errors)")), ""},
		"the same step name, apart":    {steps(within(step("Wait", "duration: 1s", named)), within(step("Wait", "duration: 1s", named))), ""},
		"the same step name, within":   {steps(step("Wait", "duration: 1s", named), within(step("Wait", "duration: 1s", named))), "an earlier step is named a too"},
		"any step":                     {steps(step("Wait", "duration: 1s", named), use("keys(steps)")), ""},
		"a step that is computed":      {steps(step("Wait", "duration: 1s", named), use(`steps["a" + ""].rows`)), ""},

		"an entry in its loop":          {steps(step("ForEach", "in: [1], steps: ["+use("item")+"]")), ""},
		"an entry with a name":          {steps(step("ForEach", "in: [1], as: row, index: i, steps: ["+use("row.id + i")+"]")), ""},
		"an entry with another name":    {steps(step("ForEach", "in: [1], as: row, steps: ["+use("item")+"]")), "unknown name item"},
		"an entry after its loop":       {steps(step("ForEach", "in: [1], steps: []"), use("item")), "unknown name item"},
		"an entry in what it goes over": {steps(step("ForEach", "in: '${item}', steps: []")), "unknown name item"},
		"a number is an integer":        {steps(step("ForEach", "in: [1], index: i, steps: ["+use(`i + "a"`)+"]")), "the operator + does not accept an integer and text"},
		"an entry hides a variable":     {steps(set("x", "1"), step("ForEach", "in: [1], as: x, steps: ["+use("x.id")+"]"), use("x + 1")), ""},
		"an entry hides a parameter":    {"parameters: {x: {type: integer}}\n" + steps(step("ForEach", "in: [1], as: x, steps: ["+use("x.id")+"]")), ""},
		"an entry hides an outer one":   {steps(step("ForEach", "in: [1], steps: ["+step("ForEach", "in: '${item}', steps: ["+use("item")+"]")+"]")), ""},

		"an error in catch":       {steps(step("TryCatch", "try: [], catch: ["+use("errorMessage + errorStackTrace + error.code + error.step.title")+"]")), ""},
		"an error deep in catch":  {steps(step("TryCatch", "try: [], catch: ["+within(use("error.attempts + 1"))+"]")), ""},
		"an error in finally":     {steps(step("TryCatch", "try: [], finally: ["+use("errorMessage")+"]")), "unknown name errorMessage"},
		"an error in try":         {steps(step("TryCatch", "try: ["+use("errorMessage")+"], catch: []")), "unknown name errorMessage"},
		"an error's unknown part": {steps(step("TryCatch", "try: [], catch: ["+use("error.kode")+"]")), "unknown field kode"},

		"the job":                         {steps(use("job.id + job.appId + job.scenario + job.startedAt")), ""},
		"a job's unknown part":            {steps(use("job.name")), "unknown field name"},
		"a variable of the app":           {steps(use("string(counter + 1)"), use("lastRun + 'x'")), ""},
		"a parameter hides it":            {"parameters: {counter: {type: text}}\n" + steps(use("counter + 'x'")), ""},
		"a variable that may be null":     {steps(step("SetVariable", "name: x, value: 1", "condition: '${1 < 2}'"), use("x ?? 'none'"), set("x", "text")), ""},
		"a variable that may have failed": {steps(step("SetVariable", "name: x, value: 1", "onError: continue"), set("x", "text")), ""},
		"what a query gives":              {steps(set("x", "'$[stage]{SELECT 1}'"), use("[x + 1, x + 'a']")), ""},
		"a value with a known type":       {steps(set("x", "'a${1}'"), use("x + 1")), "the operator + does not accept text and an integer"},
		"a computed list":                 {steps(set("x", "'${1..3}'"), use("x + 1")), "the operator + does not accept a list and an integer"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			if test.message == "" {
				require.NoError(t, err)

				return
			}

			problems := problemsOf(t, err)
			require.Len(t, problems, 1, err)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
}

func TestConcurrentStepsCannotSetOuterVariables(t *testing.T) {
	t.Parallel()

	const shared = "x belongs to steps around concurrent steps, which can read but not set it"

	for rule, test := range map[string]struct{ text, message string }{
		"in a branch":                   {steps(set("x", "1"), step("Parallel", "branches: {a: ["+set("x", "2")+"]}")), shared},
		"deep in a branch":              {steps(set("x", "1"), step("Parallel", "branches: {a: ["+within(set("x", "2"))+"]}")), shared},
		"in a loop at the same time":    {steps(set("x", "1"), step("ForEach", "in: [1], maxConcurrency: 2, steps: ["+set("x", "2")+"]")), shared},
		"in a loop, perhaps":            {steps(set("x", "1"), step("ForEach", "in: [1], maxConcurrency: '${1}', steps: ["+set("x", "2")+"]")), shared},
		"in a loop, one by one":         {steps(set("x", "1"), step("ForEach", "in: [1], maxConcurrency: 1, steps: ["+set("x", "2")+"]")), ""},
		"in a loop by default":          {steps(set("x", "1"), step("ForEach", "in: [1], steps: ["+set("x", "2")+"]")), ""},
		"in an If":                      {steps(set("x", "1"), within(set("x", "2"))), ""},
		"read in a branch":              {steps(set("x", "1"), step("Parallel", "branches: {a: ["+use("x + 1")+"]}")), ""},
		"a branch's own":                {steps(step("Parallel", "branches: {a: ["+set("x", "1")+", "+within(set("x", "2"))+"], b: ["+set("x", "text")+"]}")), ""},
		"an app's variable in a branch": {steps(step("Parallel", "branches: {a: ["+step("SetVariable", "name: counter, value: 1, scope: app")+"]}")), ""},
		"a branch of a branch":          {steps(step("Parallel", "branches: {a: ["+set("x", "1")+", "+step("Parallel", "branches: {b: ["+set("x", "2")+"]}")+"]}")), shared},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()

			_, err := parse(test.text)
			if test.message == "" {
				require.NoError(t, err)

				return
			}

			problems := problemsOf(t, err)
			require.Len(t, problems, 1, err)
			require.Equal(t, problem.CodeVariableShared, problems[0].Code)
			require.Contains(t, problems[0].Message, test.message)
		})
	}
}

func TestJavaScriptHints(t *testing.T) {
	t.Parallel()

	for form, instead := range map[string]string{
		"country === 1":             "compare with == and !=, which never convert",
		"country !== 1":             "compare with == and !=, which never convert",
		"country.length":            "write len(x) for x.length",
		"country.toUpperCase()":     "write upper(x) or lower(x)",
		"country.toLowerCase()":     "write upper(x) or lower(x)",
		"country.trim()":            "write trim(x)",
		`country.includes("a")`:     `write "b" in x for a list and x contains "b" for text`,
		`country.indexOf("a")`:      `write "b" in x for a list and x contains "b" for text`,
		`country.startsWith("a")`:   `write x startsWith "a" and x endsWith "z"`,
		`country.substring(1, 2)`:   "write x[from:to]",
		`country.slice(1)`:          "write x[from:to]",
		`country.split(",")`:        `write split(x, ","), replace(x, "a", "b") or join(x, ",")`,
		`country.replace("a", "b")`: `write split(x, ","), replace(x, "a", "b") or join(x, ",")`,
		`country.map(1)`:            "write map(x, # * 2)",
		`country.filter(1)`:         "write map(x, # * 2)",
		"new Date()":                `write now(), today(), addTime(t, "-24h") or addDays(d, -1)`,
		"Date.now()":                "write now(), today()",
		"Math.round(1)":             "write round(x), floor(x), ceil(x)",
		"JSON.stringify(1)":         "write toJSON(x) or fromJSON(x)",
		`parseInt("1")`:             "write int(x) or float(x)",
		`Number("1")`:               "write int(x) or float(x)",
		`String(1)`:                 "write string(x)",
		"country == undefined":      "write nil",
		"map([1], x => x)":          "write the body alone, with # for the element",
		"function() { return 1 }":   "an expression is one value; use the steps SetVariable, If and ForEach for the rest",
		"var x = 1; x":              "an expression is one value",
		"typeof country":            "write type(x)",
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()

			quoted := "'${" + form + "}'"

			_, err := parse("parameters: {country: {type: text}}\n" + query + ", bind: {x: " + quoted + "}}")
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Equal(t, problem.CodeExpressionInvalid, problems[0].Code)
			require.Contains(t, problems[0].Message, "this looks like JavaScript: "+instead)

			_, err = resolve("$((" + form + "))")
			require.ErrorContains(t, err, "would be JavaScript, which is not run; write ${…}: "+instead)
		})
	}

	_, err := resolve(`${nope + "a.length => ; ==="}`)
	require.NotContains(t, err.Error(), "JavaScript", "what stands in a text is no form of anything")

	_, err = resolve("$((a + b))")
	require.ErrorContains(t, err, "$((a + b)) would be JavaScript, which is not run; write ${…}: most of what one writes there stays as it is")
}

// resolve evaluates a text in a scope with the parameter country.
func resolve(text string) (any, error) {
	scope := scenario.NewScope(scenario.JobScope{}, nil, jsonvalue.Object{"country": "CH"})

	return scope.Evaluate(text, expression.Moment{})
}
