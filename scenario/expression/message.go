package expression

import (
	"regexp"
	"strings"
)

// goType matches the types of Go in messages of expr.
const goType = `(<nil>|nil|string|u?int\d*|float\d+|bool|\[\](?:interface \{\}|any|string|uint8)|` +
	`map\[string\](?:interface \{\}|any|string)|interface \{\}|any|unknown)`

// rewrites replace messages of expr that contain tokens of its parser or types of Go. In the replacement, $1 is a submatch and
// %1 a submatch converted by [typeName].
var rewrites = []struct {
	message *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`^unexpected token EOF$`), "the expression is incomplete"},
	{regexp.MustCompile(`^unexpected token Operator\("="\)$`), "= is not an operator; use == to compare"},
	{regexp.MustCompile(`^unexpected token \w+\("(.*)"\)$`), `unexpected "$1"`},
	{
		regexp.MustCompile(`^cannot use ` + goType + ` as argument \(type ` + goType + `\) to call (\w+)\s*$`),
		"the function $3 expects %2 here, not %1",
	},
	{regexp.MustCompile(`^invalid argument for (\w+) \(type ` + goType + `\)$`), "the function $1 does not accept %2"},
	{
		regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types ` + goType + ` and ` + goType + `\)$`),
		"the operator $1 does not accept %2 and %3",
	},
	{
		regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type ` + goType + `\)$`),
		"the operator $1 does not accept %2",
	},
	{
		regexp.MustCompile(`^invalid operation: ` + goType + ` (\S+) ` + goType + `$`),
		"the operator $2 does not accept %1 and %3",
	},
	{
		regexp.MustCompile(`^non-bool expression \(type ` + goType + `\) used as condition$`),
		"a condition must be true or false, but is %1",
	},
	{regexp.MustCompile(`^type ` + goType + `\[` + goType + `\] is undefined$`), "%1 has no element [%2]"},
	{regexp.MustCompile(`^type ` + goType + ` has no field (\w+)$`), "%1 has no field $2"},
	{regexp.MustCompile(`^cannot fetch (\S+) from ` + goType + `$`), "%2 has no field $1"},
	{regexp.MustCompile(`^cannot get (first|last) element from ` + goType + `$`), "%2 has no $1 element"},
	{
		regexp.MustCompile(`^interface conversion: interface \{\} is ` + goType + `, not ` + goType + `$`),
		"the value must be %2, but is %1",
	},
}

// unambiguousType matches types of Go that are no words of other texts.
var unambiguousType = regexp.MustCompile(
	`\[\]interface \{\}|map\[string\]interface \{\}|interface \{\}|\bfloat64\b|\bint64\b|\buint8\b|<nil>`)

var placeholder = regexp.MustCompile(`[$%]\d`)

// queryWithin matches the beginning of a query.
var queryWithin = regexp.MustCompile(`\$\[[^\[\]{}$]+\]\{`)

// objectInPredicate matches an object with one brace as an argument.
var objectInPredicate = regexp.MustCompile(`,\s*\{\s*(?:'[^']*'|"[^"]*"|\w+)\s*:`)

// plainMessage returns a message of expr without tokens of its parser and types of Go.
func plainMessage(source, message string) string {
	if message == `unexpected token Operator(":")` && objectInPredicate.MatchString(source) {
		return `unexpected ":"; write an object in a predicate with two braces, as in map(list, {{"name": .field}})`
	}

	for _, rewrite := range rewrites {
		matched := rewrite.message.FindStringSubmatch(message)
		if matched == nil {
			continue
		}

		return placeholder.ReplaceAllStringFunc(rewrite.instead, func(place string) string {
			if place[0] == '%' {
				return typeName(matched[place[1]-'0'])
			}

			return matched[place[1]-'0']
		})
	}

	return unambiguousType.ReplaceAllStringFunc(message, typeName)
}

// typeName returns the name in messages of a type of Go. Any other text is returned as it is.
func typeName(name string) string {
	switch {
	case name == "<nil>" || name == "nil":
		return "nothing"
	case name == "string":
		return "text"
	case name == "bool":
		return "a boolean"
	case strings.HasPrefix(name, "int") && !strings.HasPrefix(name, "inter") || strings.HasPrefix(name, "uint"):
		return "an integer"
	case strings.HasPrefix(name, "float"):
		return "a number"
	case strings.HasPrefix(name, "[]"):
		return "a list"
	case strings.HasPrefix(name, "map["):
		return "an object"
	case name == "interface {}" || name == "any" || name == "unknown":
		return "a value"
	}

	return name
}
