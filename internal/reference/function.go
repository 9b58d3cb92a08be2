package reference

// Function is a function that expressions can call.
type Function struct {
	Signature   string
	Description string
	Example     string // An expression.
	Result      string // The result of the example, as JSON.
}

// FunctionGroup is a group of functions with a heading.
type FunctionGroup struct {
	Name      string
	Functions []Function
}

// Functions returns all functions that expressions can call.
func Functions() []FunctionGroup {
	return []FunctionGroup{
		{"Text", textFunctions()},
		{"Numbers", numberFunctions()},
		{"Lists", listFunctions()},
		{"Lists, with a predicate", predicateFunctions()},
		{"Objects", objectFunctions()},
		{"Dates and times", timeFunctions()},
		{"Types and forms", formFunctions()},
		{"Bits of integers", bitFunctions()},
	}
}

func textFunctions() []Function {
	return []Function{
		{"len(text)", "The number of characters.", `len("naïve")`, `5`},
		{"upper(text)", "The text in uppercase.", `upper("abc")`, `"ABC"`},
		{"lower(text)", "The text in lowercase.", `lower("ABC")`, `"abc"`},
		{
			"trim(text)", "The text without white space at both ends; with `trim(text, characters)`, without these characters.",
			`trim("  abc ")`, `"abc"`,
		},
		{"trimPrefix(text, prefix)", "The text without the prefix, if it has the prefix.", `trimPrefix("v12", "v")`, `"12"`},
		{"trimSuffix(text, suffix)", "The text without the suffix, if it has the suffix.", `trimSuffix("a.csv", ".csv")`, `"a"`},
		{
			"hasPrefix(text, prefix)", "Whether the text has the prefix; the same as the operator `startsWith`.",
			`hasPrefix("a.csv", "a")`, `true`,
		},
		{
			"hasSuffix(text, suffix)", "Whether the text has the suffix; the same as the operator `endsWith`.",
			`hasSuffix("a.csv", ".csv")`, `true`,
		},
		{
			"indexOf(text, part)", "The position of the first occurrence of part in bytes, from 0, or -1.",
			`indexOf("a-b-c", "-")`, `1`,
		},
		{
			"lastIndexOf(text, part)", "The position of the last occurrence of part in bytes, from 0, or -1.",
			`lastIndexOf("a-b-c", "-")`, `3`,
		},
		{
			"replace(text, from, to)", "The text, in which each occurrence of from is replaced by to.",
			`replace("a-b-c", "-", "/")`, `"a/b/c"`,
		},
		{"repeat(text, count)", "The text, repeated count times.", `repeat("ab", 3)`, `"ababab"`},
		{"split(text, separator)", "The list of the parts between separators.", `split("a,b", ",")`, `["a","b"]`},
		{
			"splitAfter(text, separator)", "The list of the parts, including the separators.",
			`splitAfter("a,b", ",")`, `["a,","b"]`,
		},
		{"join(list, separator)", "The texts of a list, joined by a separator.", `join(["a", "b"], ",")`, `"a,b"`},
		{"toBase64(text)", "The text encoded in base64.", `toBase64("abc")`, `"YWJj"`},
		{"fromBase64(text)", "The text decoded from base64.", `fromBase64("YWJj")`, `"abc"`},
	}
}

func numberFunctions() []Function {
	return []Function{
		{"abs(number)", "The absolute value.", `abs(-5)`, `5`},
		{"ceil(number)", "The smallest whole number that is not less.", `ceil(1.2)`, `2.0`},
		{"floor(number)", "The largest whole number that is not greater.", `floor(1.8)`, `1.0`},
		{"round(number)", "The nearest whole number; halves are rounded away from 0.", `round(1.5)`, `2.0`},
		{"max(…)", "The largest of several numbers, or of a list of numbers.", `max(1, 5, 3)`, `5`},
		{"min(…)", "The smallest of several numbers, or of a list of numbers.", `min([1, 5, 3])`, `1`},
		{"mean(…)", "The mean of several numbers, or of a list of numbers.", `mean(1, 2)`, `1.5`},
		{"median(…)", "The median of several numbers, or of a list of numbers.", `median(1, 2, 10)`, `2.0`},
		{
			"random()", "A random number from 0 to below 1. It is the same if a crash repeats the evaluation.",
			`random() < 1`, `true`,
		},
	}
}

func listFunctions() []Function {
	return []Function{
		{"len(list)", "The number of entries of a list, or of fields of an object.", `len([1, 2])`, `2`},
		{"first(list)", "The first entry, or nil.", `first([1, 2])`, `1`},
		{"last(list)", "The last entry, or nil.", `last([1, 2])`, `2`},
		{"take(list, count)", "The first count entries.", `take([1, 2, 3], 2)`, `[1,2]`},
		{"reverse(list)", "The entries in reverse order.", `reverse([1, 2])`, `[2,1]`},
		{
			"sort(list)", "The entries in ascending order; with `sort(list, \"desc\")`, in descending order.",
			`sort([3, 1, 2])`, `[1,2,3]`,
		},
		{"concat(list, …)", "The entries of all lists in one list.", `concat([1], [2, 3])`, `[1,2,3]`},
	}
}

func predicateFunctions() []Function {
	return []Function{
		{"all(list, predicate)", "Whether the predicate is true for all entries.", `all([1, 2], # > 0)`, `true`},
		{"any(list, predicate)", "Whether the predicate is true for at least one entry.", `any([1, 2], # > 1)`, `true`},
		{"one(list, predicate)", "Whether the predicate is true for exactly one entry.", `one([1, 2], # > 1)`, `true`},
		{"none(list, predicate)", "Whether the predicate is true for no entry.", `none([1, 2], # > 2)`, `true`},
		{"filter(list, predicate)", "The entries for which the predicate is true.", `filter([1, 2, 3], # > 1)`, `[2,3]`},
		{"map(list, expression)", "The results of the expression for all entries.", `map([1, 2], # * 10)`, `[10,20]`},
		{"find(list, predicate)", "The first entry for which the predicate is true, or nil.", `find([1, 2, 3], # > 1)`, `2`},
		{"findIndex(list, predicate)", "Its number, from 0, or -1.", `findIndex([1, 2, 3], # > 1)`, `1`},
		{
			"findLast(list, predicate)", "The last entry for which the predicate is true, or nil.",
			`findLast([1, 2, 3], # > 1)`, `3`,
		},
		{"findLastIndex(list, predicate)", "Its number, from 0, or -1.", `findLastIndex([1, 2, 3], # > 1)`, `2`},
		{"count(list, predicate)", "The number of entries for which the predicate is true.", `count([1, 2, 3], # > 1)`, `2`},
		{
			"sum(list)", "The sum of the entries; with `sum(list, expression)`, of the results of the expression.",
			`sum([1, 2, 3])`, `6`,
		},
		{
			"groupBy(list, expression)", "An object with a list of entries for each result of the expression.",
			`groupBy(["ab", "ac", "b"], #[0:1])`, `{"a":["ab","ac"],"b":["b"]}`,
		},
		{
			"sortBy(list, expression)",
			"The entries, ordered by the results of the expression; with a third argument `\"desc\"`, in descending order.",
			`sortBy(["bb", "a"], len(#))`, `["a","bb"]`,
		},
	}
}

func objectFunctions() []Function {
	return []Function{
		{
			"get(object, name)", "The value of a field of an object, or of the entry of a list with this number, or nil.",
			`get({"a": 1}, "b") ?? 0`, `0`,
		},
		{"keys(object)", "The names of the fields, in alphabetical order.", `keys({"b": 2, "a": 1})`, `["a","b"]`},
		{"values(object)", "The values of the fields, in the order of their names.", `values({"b": 2, "a": 1})`, `[1,2]`},
		{"toPairs(object)", "The list of the fields, each a list of name and value.", `toPairs({"a": 1})`, `[["a",1]]`},
		{"fromPairs(list)", "The object with these fields, each a list of name and value.", `fromPairs([["a", 1]])`, `{"a":1}`},
	}
}

func timeFunctions() []Function {
	return []Function{
		{
			"now()", "The current time in UTC. It is the same if a crash repeats the evaluation.",
			`now()`, `"2026-01-31T09:30:00.000Z"`,
		},
		{"today()", "The current date in UTC.", `today()`, `"2026-01-31"`},
		{
			"addTime(timestamp, duration)", "The timestamp, later by the duration, or earlier if it is negative.",
			`addTime(now(), "-24h")`, `"2026-01-30T09:30:00.000Z"`,
		},
		{
			"addDays(date, count)", "The date or the timestamp, later by this number of days.",
			`addDays("2026-01-31", 1)`, `"2026-02-01"`,
		},
		{
			"formatTime(timestamp, layout)",
			"The timestamp in a layout of Go: " +
				"2006 is the year, 01 the month, 02 the day, 15 the hour, 04 the minute, 05 the second.",
			`formatTime(now(), "02.01.2006 15:04")`, `"31.01.2026 09:30"`,
		},
		{
			"secondsBetween(from, to)", "The number of seconds from one timestamp to another.",
			`secondsBetween("2026-01-31", now())`, `34200.0`,
		},
	}
}

func formFunctions() []Function {
	return []Function{
		{"int(value)", "A number, or text that is a number, as an integer.", `int("42")`, `42`},
		{"float(value)", "A number, or text that is a number, as a float.", `float("1.5")`, `1.5`},
		{
			"decimal(value)", "A number, or text that is a number, as a decimal; with `decimal(value, places)`, rounded to so " +
				"many digits after the point, halves away from 0.",
			`decimal("9.5") * 1.19`, `11.305`,
		},
		{"string(value)", "A number, a boolean or text as text.", `string(42)`, `"42"`},
		{
			"type(value)", "The type of the value: `string`, `int`, `float`, `decimal`, `bool`, `array`, `map` or `nil`.",
			`type(1.5)`, `"float"`,
		},
		{
			"toJSON(value)", "The value as JSON, with fields in alphabetical order.",
			`toJSON({"b": 2, "a": [1]})`, `"{\"a\":[1],\"b\":2}"`,
		},
		{"fromJSON(text)", "The value of a text in JSON. Integers are exact.", `fromJSON("[1, 2.5]")`, `[1,2.5]`},
		{"uuid()", "A new UUID. It is the same if a crash repeats the evaluation.", `len(uuid())`, `36`},
	}
}

func bitFunctions() []Function {
	return []Function{
		{"bitand(a, b)", "The bits that are set in both.", `bitand(6, 3)`, `2`},
		{"bitor(a, b)", "The bits that are set in at least one.", `bitor(6, 3)`, `7`},
		{"bitxor(a, b)", "The bits that are set in exactly one.", `bitxor(6, 3)`, `5`},
		{"bitnand(a, b)", "The bits that are set in a but not in b.", `bitnand(6, 3)`, `4`},
		{"bitnot(a)", "The bits that are not set.", `bitnot(6)`, `-7`},
		{"bitshl(a, count)", "The bits of a, shifted to the left.", `bitshl(1, 4)`, `16`},
		{"bitshr(a, count)", "The bits of a, shifted to the right; the sign stays.", `bitshr(-16, 2)`, `-4`},
		{"bitushr(a, count)", "The bits of a, shifted to the right and filled with 0.", `bitushr(16, 2)`, `4`},
	}
}
