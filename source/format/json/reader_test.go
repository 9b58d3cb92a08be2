package json_test

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// ndjson is the format of one object per line.
var ndjson = source.Format{Type: json.TypeNDJSON}

// open returns the records of content.
func open(t *testing.T, content string, f source.Format) *json.Rows {
	t.Helper()

	rows, err := json.NewReader(strings.NewReader(content), source.Read{Format: f})
	require.NoError(t, err)

	return rows
}

// types formats the names and types of columns.
func types(schema source.Schema) string {
	var all []string
	for _, column := range schema {
		all = append(all, column.Name+" "+column.String())
	}

	return strings.Join(all, ", ")
}

func raw(text string) stdjson.RawMessage { return stdjson.RawMessage(text) }

func TestReadInfersColumnTypes(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		values string
		want   source.Type
		record source.Record
	}{
		"whole numbers":         {`1, -2, 0`, source.Integer, source.Record{int64(1), int64(-2), int64(0)}},
		"the largest of 64 bit": {`9223372036854775807, -9223372036854775808`, source.Integer, source.Record{int64(math.MaxInt64), int64(math.MinInt64)}},
		"one beyond 64 bits":    {`9223372036854775808, 1`, source.Decimal, source.Record{source.Number("9223372036854775808"), source.Number("1")}},
		"fractions":             {`1.50, 2, -0.0`, source.Decimal, source.Record{source.Number("1.50"), source.Number("2"), source.Number("0.0")}},
		"many digits":           {`12345678901234567890.12`, source.Decimal, source.Record{source.Number("12345678901234567890.12")}},
		"exponents":             {`1.5e3, 2, 0.1, 1E-7`, source.Float, source.Record{1500.0, 2.0, 0.1, 1e-7}},
		"many digits and an exponent": {
			`1.5e3, 12345678901234567890.12`, source.Decimal,
			source.Record{source.Number("1500"), source.Number("12345678901234567890.12")},
		},
		"an exponent too large for a float": {`1e400`, source.Decimal, source.Record{source.Number("1" + strings.Repeat("0", 400))}},
		"an exponent too small for a float": {`1e-400`, source.Decimal, source.Record{source.Number("0." + strings.Repeat("0", 399) + "1")}},
		"the smallest float":                {`5e-324, 0e999`, source.Float, source.Record{math.SmallestNonzeroFloat64, 0.0}},
		"17 digits that a float keeps":      {`0.30000000000000004e0`, source.Float, source.Record{0.30000000000000004}},
		"17 digits that it does not":        {`0.30000000000000003e0`, source.Decimal, source.Record{source.Number("0.30000000000000003")}},
		"floats without a number":           {`"Infinity", 1.5, "-Infinity"`, source.Float, source.Record{math.Inf(1), 1.5, math.Inf(-1)}},
		"only words for floats":             {`"NaN"`, source.Text, source.Record{"NaN"}},
		"words for floats and others":       {`"NaN", "x"`, source.Text, source.Record{"NaN", "x"}},
		"words, others and numbers":         {`"NaN", "x", 1`, source.JSON, source.Record{raw(`"NaN"`), raw(`"x"`), raw(`1`)}},
		"truth":                             {`true, null, false`, source.Boolean, source.Record{true, nil, false}},
		"texts":                             {`"a", "", "7"`, source.Text, source.Record{"a", "", "7"}},
		"escapes":                           {`"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"`, source.Text, source.Record{"\"\\/\b\f\n\r\tä😀"}},
		"objects":                           {`{"b": [1, 2.50]}`, source.JSON, source.Record{raw(`{"b": [1, 2.50]}`)}},
		"lists":                             {`[], [null]`, source.JSON, source.Record{raw(`[]`), raw(`[null]`)}},
		"texts and numbers":                 {`"1", 1, 1.0`, source.JSON, source.Record{raw(`"1"`), raw(`1`), raw(`1.0`)}},
		"truth and numbers":                 {`true, 1`, source.JSON, source.Record{raw(`true`), raw(`1`)}},
		"objects and texts":                 {`{}, "x", null`, source.JSON, source.Record{raw(`{}`), raw(`"x"`), nil}},
		"nothing":                           {`null, null`, source.Text, source.Record{nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var values []stdjson.RawMessage
			require.NoError(t, stdjson.Unmarshal([]byte("["+test.values+"]"), &values))

			var lines strings.Builder
			for _, value := range values {
				fmt.Fprintf(&lines, "{\"v\": %s}\n", value)
			}

			rows := open(t, lines.String(), ndjson)
			require.Equal(t, "v "+string(test.want), types(rows.Schema()))

			var got source.Record
			for _, record := range sourcetest.ReadAll(t, rows) {
				got = append(got, record[0])
			}

			require.Equal(t, test.record, got)
		})
	}
}

func TestReadOrdersColumnsByAppearanceAndMissingMembersAreNull(t *testing.T) {
	t.Parallel()

	rows := open(t, `[{"b": 1}, {"a": "x", "b": 2}, {}, {"c": true, "a": "y"}]`, source.Format{})
	require.Equal(t, "b integer, a text, c boolean", types(rows.Schema()))
	require.Equal(t, []source.Record{{int64(1), nil, nil}, {int64(2), "x", nil}, {nil, nil, nil}, {nil, "y", true}},
		sourcetest.ReadAll(t, rows))
}

func TestSchemaHasNativeTypes(t *testing.T) {
	t.Parallel()

	rows := open(t, `{"a": 1, "b": "x", "c": true, "d": {}, "e": [], "f": null}`, source.Format{})

	var natives []string
	for _, column := range rows.Schema() {
		natives = append(natives, column.Native.TypeStr)
	}

	require.Equal(t, []string{"number", "string", "boolean", "object", "array", "null"}, natives)
}

func TestReadFollowsThePathToRecords(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		records, content string
		want             []source.Record
	}{
		"a list":              {"", ` [{"a": 1}, {"a": 2}] `, []source.Record{{int64(1)}, {int64(2)}}},
		"an object":           {"", `{"a": 1}`, []source.Record{{int64(1)}}},
		"no records":          {"", `[ ]`, nil},
		"a byte order mark":   {"", "\ufeff[{\"a\": 1}]", []source.Record{{int64(1)}}},
		"a name":              {"items", `{"items": [{"a": 1}]}`, []source.Record{{int64(1)}}},
		"a path to an object": {"data.item", `{"data": {"item": {"a": 1}}}`, []source.Record{{int64(1)}}},
		"a path past others": {
			"data.items",
			`{"x": [{"items": ["]}", "\"", {}]}], "data": {"n": -1.5e3, "t": "items", "b": null, "items": [{"a": 1}, {"a": 2}], "m": 2}, "z": {"items": []}}`,
			[]source.Record{{int64(1)}, {int64(2)}},
		},
		"a name with escapes": {"dätä", `{"d\u00e4t\u00e4": [{"a": 1}]}`, []source.Record{{int64(1)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			f := source.Format{Records: test.records}
			require.Equal(t, test.want, sourcetest.ReadAll(t, open(t, test.content, f)))

			// The size of reads does not matter.
			rows, err := json.NewReader(iotest.OneByteReader(strings.NewReader(test.content)), source.Read{Format: f})
			require.NoError(t, err)
			require.Equal(t, test.want, sourcetest.ReadAll(t, rows))
		})
	}
}

func TestReadNDJSONSkipsEmptyLines(t *testing.T) {
	t.Parallel()

	const content = "\n{\"a\": 1}\r\n  \r\n\t{ \"a\" : 2 }\n\n{\"a\": 3}"

	for _, from := range []io.Reader{strings.NewReader(content), iotest.OneByteReader(strings.NewReader(content))} {
		rows, err := json.NewReader(from, source.Read{Format: ndjson})
		require.NoError(t, err)

		for i, want := range []string{"line 2", "line 4", "line 6"} {
			record, err := rows.Next(t.Context())
			require.NoError(t, err)
			require.Equal(t, source.Record{int64(i + 1)}, record)
			require.Equal(t, want, rows.Location())
		}

		_, err = rows.Next(t.Context())
		require.ErrorIs(t, err, io.EOF)
	}

	require.Empty(t, open(t, "", ndjson).Schema())
}

func TestLocationOfAnArrayHasLineAndNumber(t *testing.T) {
	t.Parallel()

	rows := open(t, "[\n  {\"a\": 1},\n  {\n    \"a\": 2\n  }, {\"a\": 3}\n]", source.Format{})

	for _, want := range []string{"line 2, record 1", "line 3, record 2", "line 5, record 3"} {
		_, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, rows.Location())
	}
}

// readError returns the error that ends reading the content.
func readError(t *testing.T, content string, f source.Format) *source.Error {
	t.Helper()

	rows, err := json.NewReader(strings.NewReader(content), source.Read{Format: f})
	for err == nil {
		_, err = rows.Next(t.Context())
	}

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Empty(t, problem.Source)
	require.Empty(t, problem.Table)
	require.False(t, problem.Retryable)

	return problem
}

func TestReadReportsInvalidRecordsWithTheirPlace(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ line, want string }{
		"a text for a record":      {`"x"`, `line 2: a record is an object, and this is "\"x\""`},
		"a list for a record":      {`[1]`, `line 2: a record is an object, and this is "[1]"`},
		"null for a record":        {`null`, `line 2: a record is an object, and this is "null"`},
		"a name twice":             {`{"a": 1, "a": 2}`, `line 2: an object has the name "a" twice`},
		"a name twice, escaped":    {`{"a": 1, "\u0061": 2}`, `line 2: an object has the name "a" twice`},
		"a name twice, within":     {`{"o": [{"x": 1, "y": 2, "\u0078": 3}]}`, `line 2: an object has the name "x" twice`},
		"a new column":             {`{"a": 1, "new": 2}`, `line 2: the first records have no column "new"`},
		"another type":             {`{"a": 1.5}`, `line 2: column "a": "1.5" is not a value of type integer`},
		"too many digits":          {`{"f": 12345678901234567890.12}`, `line 2: column "f": "12345678901234567890.12" is not a value of type float, which does not keep all its digits`},
		"too large an exponent":    {`{"d": 1e99999}`, `line 2: column "d": "1e99999" is not a value of type decimal, because its exponent is too large`},
		"a number for a text":      {`{"t": 5}`, `line 2: column "t": "5" is not a value of type text`},
		"a text for a truth":       {`{"b": "true"}`, `line 2: column "b": "\"true\"" is not a value of type boolean`},
		"another encoding":         {"{\"t\": \"caf\xe9\"}", `line 2: "{\"t\": \"caf\xe9" is not text in UTF-8`},
		"half a pair":              {`{"t": "\ud83d"}`, `line 2: invalid surrogate pair`},
		"the wrong half":           {`{"t": "\ude00\ud83d"}`, `line 2: invalid surrogate pair`},
		"half a pair and another":  {`{"t": "\ud83d\u0041"}`, `line 2: invalid surrogate pair`},
		"half a pair as a name":    {`{"\ud83d": 1}`, `line 2: invalid surrogate pair`},
		"half a pair within":       {`{"o": {"x": "\ud83d"}}`, `line 2: invalid surrogate pair`},
		"an unknown escape":        {`{"t": "\x"}`, `line 2: invalid escape sequence`},
		"too few digits":           {`{"t": "\u12"}`, `line 2: invalid escape sequence`},
		"a sign for a digit":       {`{"t": "\u+123"}`, `line 2: invalid escape sequence`},
		"a tab in a text":          {"{\"t\": \"a\tb\"}", `line 2: invalid character '\t' in string (expecting non-control character), at "\tb\"}"`},
		"an open text":             {`{"t": "a}`, `line 2: the record ends within a value; a bracket or a quote is missing`},
		"an open text, escaped":    {`{"t": "a\"}`, `line 2: the record ends within a value; a bracket or a quote is missing`},
		"an open object":           {`{"a": 1`, `line 2: the record ends within a value; a bracket or a quote is missing`},
		"no comma":                 {`{"a": 1 "b": 2}`, `line 2: invalid character '"' after object value (expecting ',' or '}'), at "\"b\": 2}"`},
		"a comma at the end":       {`{"a": 1,}`, `line 2: invalid character '}' at start of string (expecting '"'), at "}"`},
		"a comma at a list's end":  {`{"o": [1,]}`, `line 2: invalid character ']' at start of value, at "]}"`},
		"no colon":                 {`{"a" 1}`, `line 2: invalid character '1' after object name (expecting ':'), at "1}"`},
		"no quotes":                {`{a: 1}`, `line 2: invalid character 'a' at start of string (expecting '"'), at "a: 1}"`},
		"single quotes":            {`{'a': 1}`, `line 2: invalid character '\'' at start of string (expecting '"'), at "'a': 1}"`},
		"no value":                 {`{"a": }`, `line 2: invalid character '}' at start of value, at "}"`},
		"an unknown word":          {`{"b": True}`, `line 2: invalid character 'T' at start of value, at "True}"`},
		"a word for a float":       {`{"f": NaN}`, `line 2: invalid character 'N' at start of value, at "NaN}"`},
		"a zero before a number":   {`{"a": 01}`, `line 2: invalid character '1' after object value (expecting ',' or '}'), at "1}"`},
		"a plus before a number":   {`{"a": +1}`, `line 2: invalid character '+' at start of value, at "+1}"`},
		"no digit before a point":  {`{"f": .5}`, `line 2: invalid character '.' at start of value, at ".5}"`},
		"no digit behind a point":  {`{"f": 5.}`, `line 2: invalid character '}' in number (expecting digit), at "}"`},
		"no digit in an exponent":  {`{"f": 5e+}`, `line 2: invalid character '}' in number (expecting digit), at "}"`},
		"a minus alone":            {`{"f": -}`, `line 2: invalid character '}' in number (expecting digit), at "}"`},
		"a number and more":        {`{"a": 1x}`, `line 2: invalid character 'x' after object value (expecting ',' or '}'), at "x}"`},
		"two objects":              {`{"a": 1} {"a": 2}`, `line 2: a record ends with its object, but is followed by "{\"a\": 2}"`},
		"the wrong bracket":        {`{"a": [1}`, `line 2: invalid character '}' after array element (expecting ',' or ']'), at "}"`},
		"wrong below many a value": {`{"o": {"x": [[{"y": tru}]]}}`, `line 2: invalid character '}' in literal true (expecting 'e'), at "}]]}}"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			const first = `{"a": 1, "t": "x", "b": true, "f": 1e3, "d": 1.5, "o": {}}`

			// Only records after the sample can have another column or type.
			content := strings.Repeat(first+"\n", 1_000)
			want := strings.Replace(test.want, "line 2", "line 1001", 1)

			problem := readError(t, content+test.line+"\n", ndjson)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, want)
			require.NotEmpty(t, problem.Hint)
		})
	}
}

func TestReadReportsInvalidFilesWithTheirPlace(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ records, content, want, hint string }{
		"nothing":                 {"", " \n", "line 2: the file is empty", "[]"},
		"a text":                  {"", `"x"`, `line 1: the file's content is "\"x\"", but not a list of records`, "records"},
		"a number in a list":      {"", "[{\"a\": 1},\n 5]", `line 2, record 2: a record is an object, and this is "5"`, "column"},
		"no comma":                {"", "[{\"a\": 1}\n{\"a\": 2}]", `line 2: a comma or ] is missing before "{\"a\": 2}]"`, "comma"},
		"a comma at the end":      {"", "[{\"a\": 1},\n]", `line 2: a value after the comma is missing before "]"`, "comma"},
		"a comma at the front":    {"", "[,{\"a\": 1}]", `line 1, record 1: a value is missing before ,`, "comma"},
		"cut off between":         {"", "[{\"a\": 1},\n{\"a\": 2},\n", `line 3: the file ends before its brackets are closed`, "cut off"},
		"cut off behind a record": {"", "[{\"a\": 1}", `line 1: the file ends before its brackets are closed`, "cut off"},
		"cut off within":          {"", "[{\"a\": 1},\n{\"a\":\n", `line 2, record 2: the file ends within the value that begins here`, "cut off"},
		"a wrong bracket":         {"", "[\n{\"a\": [\n1}]", `line 3, record 1: there is a } in place of a ]`, "comma"},
		"a quote left open":       {"", "[\n{\"a\":\n\"x},\n{\"a\": 1}]", `line 3, record 1: a string has no closing quote on its line`, `\n`},
		"a mistake further down":  {"", "[\n{\"a\": 1,\n\"b\": tru\n}]", `line 3, record 1: invalid character '\n' in literal true (expecting 'e')`, "quotes"},
		"lines":                   {"", "{\"a\": 1}\n{\"a\": 2}\n", `line 2: the file continues with "{\"a\": 2}" after its end`, "ndjson"},
		"text behind the list":    {"", "[{\"a\": 1}] x", `line 1: the file continues with "x" after its end`, "ndjson"},
		"no such name":            {"data.items", `{"data": {"rows": [], "n": 1}}`, `line 1: the value of "data" has no name "items"`, `"rows", "n"`},
		"no name at all":          {"items", `{}`, `line 1: the file's content has no name "items"`, "none"},
		"a path through a list":   {"data.items", `{"data": [{"items": []}]}`, `line 1: the value of "data" is "[{\"items\": []}]}", but not an object with the name "items"`, "objects only"},
		"a path through a list's": {"items", `[{"items": []}]`, `line 1: the file's content is "[{\"items\": []}]", but not an object with the name "items"`, "objects only"},
		"a path to null":          {"items", `{"items": null}`, `line 1: the value of "items" is "null}", but not a list of records`, "records"},
		"a path to nothing":       {"items", `{"items":`, `line 1: the file ends before its brackets are closed`, "cut off"},
		"a path in nothing":       {"items", ``, `line 1: the file ends before its brackets are closed`, "cut off"},
		"a path cut off":          {"items", `{"x": [1, 2`, `line 1: the file ends within the value that begins here`, "cut off"},
		"a path cut off behind":   {"items", `{"items": [{"a": 1}]`, `line 1: the file ends before its brackets are closed`, "cut off"},
		"the path twice":          {"a.b", `{"a": {"b": [{}], "x": 1, "b": []}}`, `line 1: the value of "a" has the name "b" twice`, "remove"},
		"the path twice above":    {"a.b", `{"a": {"b": [{}]}, "a": 1}`, `line 1: the file's content has the name "a" twice`, "remove"},
		"a name without quotes":   {"a", `{a: []}`, `line 1: a name in double quotes is missing before "a: []}"`, "quotes"},
		"a name without a colon":  {"a", `{"a" []}`, `line 1: a colon is missing before "[]}"`, "quotes"},
		"a wrong bracket beside":  {"a", `{"b": [}, "a": []}`, `line 1: there is a } in place of a ]`, "quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			problem := readError(t, test.content, source.Format{Records: test.records})
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, test.want)
			require.Contains(t, problem.Hint, test.hint)
		})
	}
}

func TestErrorMessagesAreShortForLongNames(t *testing.T) {
	t.Parallel()

	name := strings.Repeat("ä", 1<<20)
	problem := readError(t, `{"`+name+`": 1, "`+name+`": 2}`, ndjson)
	require.Less(t, len(problem.Message), 600)
	require.True(t, utf8.ValidString(problem.Message))
}

func TestReadNDJSONRefusesAPath(t *testing.T) {
	t.Parallel()

	problem := readError(t, "{}", source.Format{Type: json.TypeNDJSON, Records: "items"})
	require.Equal(t, source.CodeOperationUnsupported, problem.Code)
}

func TestRejectReceivesInvalidRecordsAndReadingContinues(t *testing.T) {
	t.Parallel()

	records := []string{
		`{"a": 1}`, `{"a": 1, "a": 2}`, `{"a": 01}`, `7`, "{\"a\": \"\xe9\"}", `{"a": [{"x": "\ud800"}]}`, `{"a": 2}`, `{"a": 3, "b": tru}`, `{"a": 4}`,
	}
	messages := []string{"twice", "invalid character '1'", "object", "UTF-8", "surrogate", "in literal true"}
	texts := []string{records[1], records[2], records[3], "{\"a\": \"\ufffd\"}", records[5], records[7]}

	for name, test := range map[string]struct {
		content string
		format  source.Format
		place   func(line int) string
	}{
		"lines": {
			strings.Join(records, "\n"), ndjson, func(line int) string { return fmt.Sprintf("line %d", line) },
		},
		"a list": {
			"[" + strings.Join(records, ",\n") + "]",
			source.Format{},
			func(line int) string { return fmt.Sprintf("line %d, record %d", line, line) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var rejects []source.Reject

			rows, err := json.NewReader(strings.NewReader(test.content), source.Read{Format: test.format, Reject: func(reject source.Reject) error {
				rejects = append(rejects, reject)

				return nil
			}})
			require.NoError(t, err)
			require.Equal(t, "a integer", types(rows.Schema()), "rejected records are not part of the sample")
			require.Equal(t, []source.Record{{int64(1)}, {int64(2)}, {int64(4)}}, sourcetest.ReadAll(t, rows))
			require.Len(t, rejects, len(messages))

			for i, line := range []int{2, 3, 4, 5, 6, 8} {
				require.Equal(t, test.place(line), rejects[i].Location)
				require.Contains(t, rejects[i].Message, messages[i])
				require.Equal(t, texts[i], rejects[i].Text)
			}
		})
	}
}

func TestRejectReceivesAnExcerptOfALongRecord(t *testing.T) {
	t.Parallel()

	var text string

	rows, err := json.NewReader(strings.NewReader(`["`+strings.Repeat("ä", 5_000)+`"]`), source.Read{Reject: func(reject source.Reject) error {
		text = reject.Text

		return nil
	}})
	require.NoError(t, err)
	require.Empty(t, sourcetest.ReadAll(t, rows))
	require.Equal(t, `"`+strings.Repeat("ä", 2047), text)
}

func TestAnErrorOfRejectEndsReading(t *testing.T) {
	t.Parallel()

	enough := errors.New("enough")

	rows, err := json.NewReader(strings.NewReader("1\n2\n"), source.Read{Format: ndjson, Reject: func(source.Reject) error { return enough }})
	require.NoError(t, err)

	for range 2 {
		_, err = rows.Next(t.Context())
		require.Equal(t, enough, err)
	}
}

func TestNextChecksTheContextBetweenRejects(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	count := 0

	rows, err := json.NewReader(strings.NewReader("1\n2\n3\n"), source.Read{Format: ndjson, Reject: func(source.Reject) error {
		count++

		cancel()

		return nil
	}})
	require.NoError(t, err)

	_, err = rows.Next(ctx)
	require.Equal(t, context.Canceled, err)
	require.Equal(t, 1, count)
}

func TestTheSampleEndsAfterAThousandRecordsOrOneMiB(t *testing.T) {
	t.Parallel()

	small, large := "{\"a\": 1}\n", fmt.Sprintf("{\"a\": 1, \"t\": %q}\n", strings.Repeat("x", 64<<10))

	for content, want := range map[string]string{
		strings.Repeat(small, 999) + "{\"a\": 1.5}\n":   "a decimal",
		strings.Repeat(small, 1_000) + "{\"a\": 1.5}\n": "a integer",
		strings.Repeat(large, 15) + "{\"a\": 1.5}\n":    "a decimal, t text",
		strings.Repeat(large, 16) + "{\"a\": 1.5}\n":    "a integer, t text",
	} {
		require.Equal(t, want, types(open(t, content, ndjson).Schema()))
	}
}

func TestReadReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	broken := errors.New("broken")

	for _, content := range []string{"", "[", "[{\"a\": 1}", "[{\"a\": 1},", "[{\"a\": ", "[1", `{"x": [`, `{"records": [{}], `} {
		f := source.Format{}
		if strings.HasPrefix(content, "{") {
			f.Records = "records"
		}

		_, err := json.NewReader(io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken)), source.Read{Format: f})
		require.Equal(t, broken, err, content)
	}

	// After the sample, Next returns the error.
	begin := "[" + strings.Repeat("{\"a\": 1},", 1_000) + "{\"a\": 1}"

	rows, err := json.NewReader(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)), source.Read{})
	require.NoError(t, err)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.Equal(t, broken, err)
}

func TestReadDoesNotReadFarAhead(t *testing.T) {
	t.Parallel()

	for begin, f := range map[string]source.Format{"": ndjson, "[": {}, `{"x": [1, "y"], "data": [`: {Records: "data"}} {
		record := `{"a": 1, "b": "` + strings.Repeat("x", 82) + "\"},\n"
		if f.Type == json.TypeNDJSON {
			record = strings.Replace(record, ",\n", "\n", 1)
		}

		from := &sourcetest.Endless{Begin: begin, Repeat: record}

		rows, err := json.NewReader(from, source.Read{Format: f})
		require.NoError(t, err)

		for range 50_000 {
			_, err := rows.Next(t.Context())
			require.NoError(t, err)
		}

		require.Less(t, from.Count, int64(50_000*len(record)+1<<20))
	}
}

func TestReadLimitsTheSizeOfARecord(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		begin, repeat string
		format        source.Format
	}{
		"an object": {`[{"a": [`, "1,", source.Format{}},
		"a line":    {``, "{", ndjson},
		"a number":  {`[`, "1", source.Format{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			from := &sourcetest.Endless{Begin: test.begin, Repeat: strings.Repeat(test.repeat, 64<<10)}
			_, err := json.NewReader(from, source.Read{Format: test.format})
			require.ErrorContains(t, err, "does not end within 64 MiB")
			require.Less(t, from.Count, int64(257<<20))
		})
	}
}

func TestReadLimitsTheDepthOfNesting(t *testing.T) {
	t.Parallel()

	for depth, message := range map[int]string{9_999: "", 10_000: "nested more than 10,000 levels deep"} {
		content := `{"a": ` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"

		_, err := json.NewReader(strings.NewReader(content), source.Read{})
		if message == "" {
			require.NoError(t, err)

			continue
		}

		require.ErrorContains(t, err, message)
		require.ErrorContains(t, readError(t, content, ndjson), message)
	}
}

func TestCloseCanBeRepeated(t *testing.T) {
	t.Parallel()

	rows := open(t, `[{"a": 1}]`, source.Format{})
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}

func TestAColumnWithANamedTypeAcceptsAnyValue(t *testing.T) {
	t.Parallel()

	content := strings.Repeat("{\"a\": 1, \"b\": 2}\n", 1_000) + `{"a": "x1", "b": 3}` + "\n"

	rows, err := json.NewReader(strings.NewReader(content), source.Read{
		Format: ndjson, Types: map[string]source.Standard{"a": {Type: source.Text}},
	})
	require.NoError(t, err)

	typed, err := source.Convert(rows, "files", source.Read{Types: map[string]source.Standard{"a": {Type: source.Text}}})
	require.NoError(t, err)

	records := sourcetest.ReadAll(t, typed)
	require.Equal(t, source.Record{"1", int64(2)}, records[0])
	require.Equal(t, source.Record{"x1", int64(3)}, records[1_000])
}
