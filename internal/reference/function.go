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
		{"Dates and moments", timeFunctions()},
		{"Types and forms", formFunctions()},
		{"Bits of integers", bitFunctions()},
	}
}

func textFunctions() []Function {
	return []Function{
		{"len(text)", "How many characters it has.", `len("naïve")`, `5`},
		{"upper(text)", "With capital letters.", `upper("abc")`, `"ABC"`},
		{"lower(text)", "With small letters.", `lower("ABC")`, `"abc"`},
		{"trim(text)", "Without space at both ends; `trim(text, characters)` without those.", `trim("  abc ")`, `"abc"`},
		{"trimPrefix(text, prefix)", "Without the prefix, if it has it.", `trimPrefix("v12", "v")`, `"12"`},
		{"trimSuffix(text, suffix)", "Without the suffix, if it has it.", `trimSuffix("a.csv", ".csv")`, `"a"`},
		{"hasPrefix(text, prefix)", "Whether it begins so, as `startsWith` does.", `hasPrefix("a.csv", "a")`, `true`},
		{"hasSuffix(text, suffix)", "Whether it ends so, as `endsWith` does.", `hasSuffix("a.csv", ".csv")`, `true`},
		{
			"indexOf(text, part)", "Where the part first stands, in bytes from 0; -1 where it does not.",
			`indexOf("a-b-c", "-")`, `1`,
		},
		{"lastIndexOf(text, part)", "Where the part last stands.", `lastIndexOf("a-b-c", "-")`, `3`},
		{"replace(text, from, to)", "With each from replaced.", `replace("a-b-c", "-", "/")`, `"a/b/c"`},
		{"repeat(text, count)", "As many times.", `repeat("ab", 3)`, `"ababab"`},
		{"split(text, separator)", "A list of its parts.", `split("a,b", ",")`, `["a","b"]`},
		{"splitAfter(text, separator)", "A list of its parts, with the separators.", `splitAfter("a,b", ",")`, `["a,","b"]`},
		{"join(list, separator)", "The texts of a list in one.", `join(["a", "b"], ",")`, `"a,b"`},
		{"toBase64(text)", "In base64.", `toBase64("abc")`, `"YWJj"`},
		{"fromBase64(text)", "Out of base64.", `fromBase64("YWJj")`, `"abc"`},
	}
}

func numberFunctions() []Function {
	return []Function{
		{"abs(number)", "Without its sign.", `abs(-5)`, `5`},
		{"ceil(number)", "The whole number at or above it.", `ceil(1.2)`, `2.0`},
		{"floor(number)", "The whole number at or below it.", `floor(1.8)`, `1.0`},
		{"round(number)", "The nearest whole number, halves away from 0.", `round(1.5)`, `2.0`},
		{"max(…)", "The largest of numbers, or of a list of numbers.", `max(1, 5, 3)`, `5`},
		{"min(…)", "The smallest of numbers, or of a list of numbers.", `min([1, 5, 3])`, `1`},
		{"mean(…)", "The mean of numbers, or of a list of numbers.", `mean(1, 2)`, `1.5`},
		{"median(…)", "The median of numbers, or of a list of numbers.", `median(1, 2, 10)`, `2.0`},
		{"random()", "From 0 to below 1; the same when a crash has it evaluated again.", `random() < 1`, `true`},
	}
}

func listFunctions() []Function {
	return []Function{
		{"len(list)", "How many entries it has; of an object, how many fields.", `len([1, 2])`, `2`},
		{"first(list)", "The first entry; nil of an empty list.", `first([1, 2])`, `1`},
		{"last(list)", "The last entry; nil of an empty list.", `last([1, 2])`, `2`},
		{"take(list, count)", "The first entries.", `take([1, 2, 3], 2)`, `[1,2]`},
		{"reverse(list)", "In the other order.", `reverse([1, 2])`, `[2,1]`},
		{"sort(list)", "In order; `sort(list, \"desc\")` the other way round.", `sort([3, 1, 2])`, `[1,2,3]`},
		{"concat(list, …)", "One list of several.", `concat([1], [2, 3])`, `[1,2,3]`},
	}
}

func predicateFunctions() []Function {
	return []Function{
		{"all(list, predicate)", "Whether it holds for every entry.", `all([1, 2], # > 0)`, `true`},
		{"any(list, predicate)", "Whether it holds for one or more.", `any([1, 2], # > 1)`, `true`},
		{"one(list, predicate)", "Whether it holds for exactly one.", `one([1, 2], # > 1)`, `true`},
		{"none(list, predicate)", "Whether it holds for none.", `none([1, 2], # > 2)`, `true`},
		{"filter(list, predicate)", "The entries for which it holds.", `filter([1, 2, 3], # > 1)`, `[2,3]`},
		{"map(list, expression)", "What the expression gives for each.", `map([1, 2], # * 10)`, `[10,20]`},
		{"find(list, predicate)", "The first for which it holds, or nil.", `find([1, 2, 3], # > 1)`, `2`},
		{"findIndex(list, predicate)", "Its number, from 0, or -1.", `findIndex([1, 2, 3], # > 1)`, `1`},
		{"findLast(list, predicate)", "The last for which it holds, or nil.", `findLast([1, 2, 3], # > 1)`, `3`},
		{"findLastIndex(list, predicate)", "Its number, from 0, or -1.", `findLastIndex([1, 2, 3], # > 1)`, `2`},
		{"count(list, predicate)", "For how many it holds.", `count([1, 2, 3], # > 1)`, `2`},
		{"sum(list)", "The sum; `sum(list, expression)` that of what the expression gives.", `sum([1, 2, 3])`, `6`},
		{
			"groupBy(list, expression)", "An object of lists: the entries, by the text that the expression gives.",
			`groupBy(["ab", "ac", "b"], #[0:1])`, `{"a":["ab","ac"],"b":["b"]}`,
		},
		{
			"sortBy(list, expression)", "In the order of what the expression gives; `\"desc\"` after it the other way round.",
			`sortBy(["bb", "a"], len(#))`, `["a","bb"]`,
		},
	}
}

func objectFunctions() []Function {
	return []Function{
		{
			"get(object, name)", "The value of the field, or nil; of a list, the entry with that number.",
			`get({"a": 1}, "b") ?? 0`, `0`,
		},
		{"keys(object)", "The names of its fields, in order.", `keys({"b": 2, "a": 1})`, `["a","b"]`},
		{"values(object)", "Their values, in the order of the names.", `values({"b": 2, "a": 1})`, `[1,2]`},
		{"toPairs(object)", "A list of names with values.", `toPairs({"a": 1})`, `[["a",1]]`},
		{"fromPairs(list)", "An object of a list of names with values.", `fromPairs([["a", 1]])`, `{"a":1}`},
	}
}

func timeFunctions() []Function {
	return []Function{
		{"now()", "This moment, in UTC; the same when a crash has it evaluated again.", `now()`, `"2026-01-31T09:30:00.000Z"`},
		{"today()", "This day, in UTC.", `today()`, `"2026-01-31"`},
		{
			"addTime(moment, duration)", "The moment so much later, or earlier with a minus.",
			`addTime(now(), "-24h")`, `"2026-01-30T09:30:00.000Z"`,
		},
		{"addDays(date, count)", "The date, or the moment, so many days later.", `addDays("2026-01-31", 1)`, `"2026-02-01"`},
		{
			"formatTime(moment, layout)",
			"As Go's layouts say: 2006 is the year, 01 the month, 02 the day, 15 the hour, 04 the minute, 05 the second.",
			`formatTime(now(), "02.01.2006 15:04")`, `"31.01.2026 09:30"`,
		},
		{"secondsBetween(from, to)", "The seconds from one moment to another.", `secondsBetween("2026-01-31", now())`, `34200.0`},
	}
}

func formFunctions() []Function {
	return []Function{
		{"int(value)", "A number, or a text that is one, as an integer.", `int("42")`, `42`},
		{"float(value)", "A number, or a text that is one, as a number with a fraction.", `float("1.5")`, `1.5`},
		{"string(value)", "A number, a boolean or a text as text.", `string(42)`, `"42"`},
		{"type(value)", "`string`, `int`, `float`, `bool`, `array`, `map` or `nil`.", `type(1.5)`, `"float"`},
		{"toJSON(value)", "As JSON, with the fields in order.", `toJSON({"b": 2, "a": [1]})`, `"{\"a\":[1],\"b\":2}"`},
		{"fromJSON(text)", "Out of JSON; integers are exact.", `fromJSON("[1, 2.5]")`, `[1,2.5]`},
		{"uuid()", "A new UUID; the same when a crash has it evaluated again.", `len(uuid())`, `36`},
	}
}

func bitFunctions() []Function {
	return []Function{
		{"bitand(a, b)", "The bits that both have.", `bitand(6, 3)`, `2`},
		{"bitor(a, b)", "The bits that one has.", `bitor(6, 3)`, `7`},
		{"bitxor(a, b)", "The bits that only one has.", `bitxor(6, 3)`, `5`},
		{"bitnand(a, b)", "The bits of a that b has not.", `bitnand(6, 3)`, `4`},
		{"bitnot(a)", "The bits that it has not.", `bitnot(6)`, `-7`},
		{"bitshl(a, count)", "Moved to the left.", `bitshl(1, 4)`, `16`},
		{"bitshr(a, count)", "Moved to the right, with the sign.", `bitshr(-16, 2)`, `-4`},
		{"bitushr(a, count)", "Moved to the right, without the sign.", `bitushr(16, 2)`, `4`},
	}
}
