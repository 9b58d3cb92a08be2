package expression

import (
	"fmt"
	"regexp"
	"strings"
)

// javascript are constructs of JavaScript that authors often try, with the replacement in the language.
var javascript = []struct {
	form    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`[=!]==`), "compare with == and !=, which never convert"},
	{regexp.MustCompile(`\.length\b`), "write len(x) for x.length"},
	{regexp.MustCompile(`\.to(Upper|Lower)Case\(`), "write upper(x) or lower(x)"},
	{regexp.MustCompile(`\.trim\(`), "write trim(x)"},
	{regexp.MustCompile(`\.(includes|indexOf)\(`), `write "b" in x for a list and x contains "b" for text`},
	{regexp.MustCompile(`\.(startsWith|endsWith)\(`), `write x startsWith "a" and x endsWith "z"`},
	{regexp.MustCompile(`\.(substring|substr|slice)\(`), "write x[from:to]"},
	{regexp.MustCompile(`\.(split|replace|join)\(`), `write split(x, ","), replace(x, "a", "b") or join(x, ",")`},
	{
		regexp.MustCompile(`\.(map|filter|find|some|every)\(`),
		"write map(x, # * 2), filter(x, # > 1), find(x, …), any(x, …) or all(x, …)",
	},
	{regexp.MustCompile(`\bnew\s+Date\b|\bDate\.`), "write now(), today(), addTime(t, \"-24h\") or addDays(d, -1)"},
	{regexp.MustCompile(`\bMath\.`), "write round(x), floor(x), ceil(x), abs(x), max(a, b), min(a, b) or random()"},
	{regexp.MustCompile(`\bJSON\.`), "write toJSON(x) or fromJSON(x)"},
	{regexp.MustCompile(`\bparse(Int|Float)\(|\bNumber\(`), "write int(x) or float(x)"},
	{regexp.MustCompile(`\bString\(`), "write string(x)"},
	{regexp.MustCompile(`\bundefined\b`), "write nil"},
	{regexp.MustCompile(`=>`), "write the body alone, with # for the element: map(x, # * 2)"},
	{
		regexp.MustCompile(`\bfunction\b|\bvar\b|\bconst\b|\breturn\b|;`),
		"an expression is one value; use the steps SetVariable, If and ForEach for the rest",
	},
	{regexp.MustCompile(`\btypeof\b`), "write type(x)"},
}

// stringLiteral matches a text in an expression, which contains no constructs.
var stringLiteral = regexp.MustCompile("\"(\\\\.|[^\"\\\\])*\"|'(\\\\.|[^'\\\\])*'|`[^`]*`")

// javascriptHint returns the replacement of the first construct of JavaScript in an expression, or "" if there is none.
func javascriptHint(expression string) string {
	expression = stringLiteral.ReplaceAllString(expression, `""`)

	for _, known := range javascript {
		if known.form.MatchString(expression) {
			return known.instead
		}
	}

	return ""
}

// javascriptRefused returns the error for $((; text is the text after it.
func javascriptRefused(text string) error {
	script, _, _ := strings.Cut(text, "))")

	hint := javascriptHint(script)
	if hint == "" {
		hint = "most of what one writes there stays as it is"
	}

	const longest = 100
	if runes := []rune(script); len(runes) > longest {
		script = string(runes[:longest]) + "…"
	}

	return fmt.Errorf("$((%s)) would be JavaScript, which is not run; write ${…}: %s; $$(( stands for $(( itself",
		strings.TrimSpace(script), hint)
}
