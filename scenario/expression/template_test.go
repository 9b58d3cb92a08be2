package expression_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source/sqltext"
)

// resolve returns what a text gives as a parameter that takes any value, in a scope with the parameters country, a
// text, and big, an integer that no float holds.
func resolve(text string) (any, error) {
	scope := scenario.NewScope(scenario.JobScope{
		ID: "job-1", AppID: "7", Scenario: "Main", StartedAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
	}, nil, jsonvalue.Object{"country": "CH", "big": int64(9007199254740993), "ratio": 2.0})

	return resolveIn(scope, text)
}

func resolveIn(scope *scenario.Scope, text string) (any, error) {
	resolved, err := scope.Resolve("Transform", jsonvalue.Object{
		"source": "stage", "query": "q", "returnResult": true, "bind": map[string]any{"x": text},
	}, expression.Moment{Now: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), Seed: "seed"})
	if err != nil {
		return nil, err
	}

	return resolved["bind"].(map[string]any)["x"], nil
}

func TestParseTemplate(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"":                                  "",
		"no expression":                     "no expression",
		"$":                                 "$",
		"$5, $a, a$ and {b}":                "$5, $a, a$ and {b}",
		"$$[source]{query}":                 "$[source]{query}",
		"$$((x))":                           "$((x))",
		"$[a[b]{c} $[a{b} $[]{} $(a)":       "$[a[b]{c} $[a{b} $[]{} $(a)",
		"${country // it's }":               "CH",
		"${country /* } it's */ }":          "CH",
		"}":                                 "}",
		"$${":                               "${",
		"$${country}":                       "${country}",
		"a $${country} b":                   "a ${country} b",
		"$${$${":                            "${${",
		"$${${country}":                     "${CH",
		"${country}$${country}":             "CH${country}",
		"${country}${country}":              "CHCH",
		"<${country}>":                      "<CH>",
		"${country}$":                       "CH$",
		"$ ${country}":                      "$ CH",
		"${'$'}${country}":                  "$CH", // A dollar right before an expression.
		`${"}"}`:                            "}",
		"${'}'}":                            "}",
		"${`}`}":                            "}",
		`${"\"}"}`:                          `"}`,
		`${'\'}'}`:                          "'}",
		"${`\\`}":                           `\`, // A backslash between backticks is itself.
		`${"${country}"}`:                   "${country}",
		`${{"a": {"b": 1}}.a.b}`:            int64(1),
		`${{"a": "{"}.a}{`:                  "{{",
		"${map([1], {{n: #}})[0].n} of {1}": "1 of {1}",
		"${ \n country \n }":                "CH",
		"ü${country}ü":                      "üCHü",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			value, err := resolve(text)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestParseTemplateRejectsUnclosedExpressions(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"${", "a ${country", "${country} ${", `${"}`, "${'}", "${`}", "${{}", `${"\"}`, "$${ ${",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := resolve(text)
			require.ErrorContains(t, err, "the ${ has no closing }; write $${ for a literal ${")
			require.Equal(t, problem.CodeExpressionInvalid, problemsOf(t, err)[0].Code)
		})
	}
}

func TestEvaluateRejectsEmptyExpression(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"${}", "a ${ }"} {
		_, err := resolve(text)
		require.ErrorContains(t, err, "the expression is incomplete")
	}
}

// opening matches what begins an expression, a query or what would be JavaScript.
var opening = regexp.MustCompile(`\$(\{|\[[^\[\]{}$]+\]\{|\(\()`)

func TestEscapedTextEvaluatesToItself(t *testing.T) {
	t.Parallel()

	pieces := rapid.OneOf(
		rapid.SampledFrom([]string{"$", "{", "}", "${", "$${", "$[a]{", "$((", "${country}", "\"", "'", "`", "\\", "\n"}), rapid.String(),
	)

	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(pieces).Draw(t, "pieces"), "")

		value, err := resolve(opening.ReplaceAllString(text, "$$$0"))
		require.NoError(t, err)
		require.Equal(t, text, value)
	})
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"a ${country} $${b} $", "${", "$$${country}", "${{\"a\": {\"}\": 1}}}", "${map(1..10, {# * 2})}", "${big + 1}",
		"${country ?? nil}", "${keys(job)[0]}", "${let x = 1; x / 0}", "${'a' matches '('}", "${repeat('x', 10)}",
		"${toPairs({b: 1, a: [2.5, nil]})}", "${job.id | upper()}", "${if true {1} else {2}}", "${sortBy([2, 1], #)}",
		"$[stage]{SELECT 1}", "$[ s ]{a '${country}' }", "$[a]{$[b]{c}}", "$[a]{${big} $${ '}'}", "$((a.length))", "${uuid()}",
		"${formatTime(now(), '11')}", "${addDays(today(), -800000)}", "$[a]{${$[b]{c}}}", "${country // it's\n}",
		"${decimal('1.50') * 2 < 3.5}", "${sum([decimal(1), 2.5]) ** 3 / 7}", "${decimal('1e300') % 7}", "${sortBy([decimal(2), 1], #)}",
	} {
		f.Add(text)
	}

	f.Fuzz(func(t *testing.T, text string) {
		const soon = 10 * time.Second // Generous, for a machine that is busy.

		started := time.Now()
		value, err := resolve(text)
		require.Less(t, time.Since(started), soon)

		again, errAgain := resolve(text)
		require.Equal(t, value, again)
		require.Equal(t, err == nil, errAgain == nil)

		if !opening.MatchString(text) {
			require.NoError(t, err)
			require.Equal(t, text, value)
		}

		if missing, lacks := errors.AsType[*expression.Missing](err); lacks {
			require.NotEmpty(t, missing.Queries)

			return
		}

		if err != nil {
			require.Equal(t, problem.CodeExpressionInvalid, problemsOf(t, err)[0].Code)

			return
		}

		requireLanguage(t, value)
	})
}

// requireLanguage requires that value consists of the types that parameters hold.
func requireLanguage(t *testing.T, value any) {
	t.Helper()

	switch v := value.(type) {
	case nil, bool, int64, float64, string, jsonvalue.Decimal:
	case []any:
		for _, entry := range v {
			requireLanguage(t, entry)
		}
	case map[string]any:
		for _, entry := range v {
			requireLanguage(t, entry)
		}
	default:
		require.Failf(t, "not a value of the language", "%T", value)
	}
}

func TestParseTemplateIgnoresQuotesInCommentsOfQueries(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"$[stage]{SELECT 1 -- it's\n WHERE x = ${1}}":     "SELECT 1 -- it's\n WHERE x = :value1",
		"$[stage]{SELECT 1 /* it's\n */ WHERE x = ${1}}":  "SELECT 1 /* it's\n */ WHERE x = :value1",
		"$[stage]{SELECT 1 /*/ it's } */ WHERE x = ${1}}": "SELECT 1 /*/ it's } */ WHERE x = :value1",
		"$[stage]{SELECT '--', ${1}}":                     "SELECT '--', :value1",
		"$[stage]{SELECT '/*', '}', '*/', ${1}}":          "SELECT '/*', '}', '*/', :value1",
		"$[stage]{SELECT ${1} -- the last}":               "SELECT :value1 -- the last",
		"$[stage]{SELECT \"--}\", `}` -- it's\n, ${1}}":   "SELECT \"--}\", `}` -- it's\n, :value1",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate(text, expression.Moment{})

			missing, ok := errors.AsType[*expression.Missing](err)
			require.True(t, ok, err)
			require.Equal(t, want, missing.Queries[0].Query)
		})
	}
}

// An expression that validation accepts in a query is a parameter of the statement, whatever its value.
func FuzzQueryText(f *testing.F) {
	for _, query := range []string{
		"SELECT ${x}", "SELECT '${x}', \"${x}\", `${x}`, [${x}], $$${x}$$", "SELECT 1 -- ${x}\n, ${x} /* ${x} */ # ${x}",
		"SELECT * FROM ${identifier(x)}.${identifier(y)} WHERE a = ${x}::text", "a${x}b ${x}${y} ${x}.${y}", "${x}", "E'\\'' ${x}", "$$[s]{${x}}",
		"SELECT $[s]{SELECT ${x}} FROM t ORDER BY a, ${x}", "x[1:${x}]", "UPDATE t SET a = ${x}; ${x}", "SELECT '\\' || ${x} || '",
	} {
		f.Add(query, "'; DROP TABLE t; --")
	}

	f.Fuzz(func(t *testing.T, text, value string) {
		query, err := expression.ParseQueryText(text)
		if err != nil {
			return
		}

		bind, other := map[string]any{}, map[string]any{}

		for i := range query.Values {
			bind[expression.BindName(i+1)] = value
			other[expression.BindName(i+1)] = "a"

			if query.Values[i].IsName {
				bind[expression.BindName(i+1)] = "a"
			}
		}

		for _, dialect := range []sqltext.Dialect{sqltext.PostgreSQL, sqltext.MySQL, sqltext.SQLite} {
			if query.CheckPlaces([]sqltext.Dialect{dialect}) != nil {
				continue
			}

			bound, _, used, err := dialect.Bind(query.Text, bind)
			if err != nil { // Another parameter of the query, which has no value.
				require.ErrorContains(t, err, "has no value")

				continue
			}

			require.NoError(t, sqltext.Unused(bind, used), "an expression is not a parameter")

			plain, _, _, err := dialect.Bind(query.Text, other)
			require.NoError(t, err)
			require.Equal(t, plain, bound, "the query depends on a value")
		}
	})
}
