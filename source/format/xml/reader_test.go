package xml_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// open returns the records of content.
func open(t *testing.T, content, records string) *xml.Rows {
	t.Helper()

	rows, err := xml.NewReader(strings.NewReader(content), source.Read{Format: source.Format{Records: records}})
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

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func TestReadInfersColumnsFromAttributesAndChildren(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		records string // Those that the root holds.
		types   string
		want    []source.Record
	}{
		"attributes and children": {
			`<r id="1"><name>x</name></r><r><price>2</price><name>y</name></r>`, "id text, name text, price text",
			[]source.Record{{"1", "x", nil}, {nil, "y", "2"}},
		},
		"what is missing, and what is empty": {
			`<r a=""><b></b><c/></r><r/>`, "a text, b text, c text", []source.Record{{"", "", ""}, {nil, nil, nil}},
		},
		"text as it is written": {
			"<r><a> x\n\ty </a><b><![CDATA[<&]]>]]&gt;<!-- not this -->&#228;&#x1F600;&amp;&lt;&gt;&apos;&quot;<?nor this?></b></r>",
			"a text, b text",
			[]source.Record{{" x\n\ty ", "<&]]>ä😀&<>'\""}},
		},
		"line ends": {"<r><a>x\r\ny\rz&#13;</a></r>", "a text", []source.Record{{"x\ny\nz\r"}}},
		"an attribute and a child of one name": {
			`<r id="1" x="2"><id>3</id></r><r id="4"/>`, "@id text, x text, id text", []source.Record{{"1", "2", "3"}, {"4", nil, nil}},
		},
		"text alone":               {"<r>1</r><r></r><r> </r>", "text " + "text", []source.Record{{"1"}, {""}, {" "}}},
		"text and attributes":      {`<r c="EUR">5</r><r c="USD"/>`, "c text, text" + " text", []source.Record{{"EUR", "5"}, {"USD", ""}}},
		"text, and a child's name": {`<r text="a">1</r><r><x>2</x></r>`, "text text, #text text, x text", []source.Record{{"a", "1", nil}, {nil, nil, "2"}}},
		"space around children":    {"<r>\n  <a>1</a>\n</r><r>\n</r>", "a text", []source.Record{{"1"}, {nil}}},
		"a child with attributes": {
			`<r><p c="EUR" d="&quot;">5</p></r><r><p>6</p></r><r><p c="x"/></r><r/>`, "p json",
			[]source.Record{{raw(`{"@c":"EUR","@d":"\"","#text":"5"}`)}, {raw(`"6"`)}, {raw(`{"@c":"x"}`)}, {nil}},
		},
		"a child with children": {
			`<r><o><b>1</b><a>2</a><b>3</b><b x="y"/><c><d/></c></o></r>`, "o json",
			[]source.Record{{raw(`{"b":["1","3",{"@x":"y"}],"a":"2","c":{"d":""}}`)}},
		},
		"several children of a name": {
			`<r><t>1</t><u>x</u><t>2</t></r><r><t>3</t></r><r><t><u>4</u></t></r><r/>`, "t json, u text",
			[]source.Record{{raw(`["1","2"]`), "x"}, {raw(`["3"]`), nil}, {raw(`[{"u":"4"}]`), nil}, {nil, nil}},
		},
		"NULL in the way of XML Schema": {
			`<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x"><a i:nil="true"/><b i:nil="1"> </b><c i:nil="false"/>` +
				`<l i:nil="true"/><l>1</l><o><p i:nil="true"/></o></r>`,
			"a text, b text, c text, l json, o json",
			[]source.Record{{nil, " ", "", raw(`[null,"1"]`), raw(`{"p":null}`)}},
		},
		"one namespace": {
			`<x:r xmlns="urn:a" xmlns:x="urn:x"><x:a x:b="1">2</x:a><c xmlns="urn:c">3</c></x:r>`, "a json, c text",
			[]source.Record{{raw(`{"@b":"1","#text":"2"}`), "3"}},
		},
		"several namespaces": {
			`<r xmlns:m="urn:m" title="1" m:title="2"><m:title>3</m:title><title>4</title><m:x>5</m:x></r>`,
			"@title text, @m:title text, m:title text, title text, x text",
			[]source.Record{{"1", "2", "3", "4", "5"}},
		},
		"nothing": {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			content := "<?xml version=\"1.0\"?>\n<!DOCTYPE all>\n<all b=\"c\">\n" + test.records + "\n</all><!-- the end -->\n"

			rows := open(t, content, "")
			require.Equal(t, test.types, types(rows.Schema()))
			require.Equal(t, test.want, sourcetest.ReadAll(t, rows))
		})
	}
}

func TestRecordsDoNotShareMemoryWithTheSample(t *testing.T) {
	t.Parallel()

	// After the sample, records reuse the memory of the previous one.
	content := "<all>" + strings.Repeat(`<r a="1"><o><x>1</x><x>2</x></o><t>x</t><t>y</t></r>`, 1_000) +
		`<r a="2"><o b="c"><x>3</x></o><t>z</t></r><r><o>4</o></r><r a="5"/></all>`

	records := sourcetest.ReadAll(t, open(t, content, ""))
	require.Len(t, records, 1_003)
	require.Equal(t, []source.Record{
		{"1", raw(`{"x":["1","2"]}`), raw(`["x","y"]`)},
		{"2", raw(`{"@b":"c","x":"3"}`), raw(`["z"]`)},
		{nil, raw(`"4"`), nil},
		{"5", nil, nil},
	}, records[999:])
}

func TestReadFollowsThePathToRecords(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		records, content string
		want             []source.Record
	}{
		"a name": {
			"entry", `<feed>text<title>no</title><entry><id>1</id></entry><x><y><entry><id>2</id></entry></y></x></feed>`,
			[]source.Record{{"1"}, {"2"}},
		},
		"a name, and another within it": {
			"r", `<all><r><id>1</id><r><id>2</id></r></r></all>`, []source.Record{{"1", raw(`{"id":"2"}`)}},
		},
		"the root":                      {"order", `<order><id>1</id></order>`, []source.Record{{"1"}}},
		"a path":                        {"feed/entry", `<feed><entry><id>1</id></entry><x><entry><id>2</id></entry></x></feed>`, []source.Record{{"1"}}},
		"a path below others":           {"channel/item", `<rss><channel><item><id>1</id></item></channel></rss>`, []source.Record{{"1"}}},
		"a path of one name":            {"a/a", `<a><a><id>1</id></a></a>`, []source.Record{{"1"}}},
		"a path with a prefix":          {"a/b", `<x:a xmlns:x="urn:x"><x:b><x:id>1</x:id></x:b></x:a>`, []source.Record{{"1"}}},
		"a path without records":        {"feed/entry", `<feed><title/></feed>`, nil},
		"a root without records":        {"", `<feed/>`, nil},
		"behind much that is no record": {"r", "<a><b>" + strings.Repeat("x", 2<<20) + "</b><r><id>1</id></r></a>", []source.Record{{"1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, sourcetest.ReadAll(t, open(t, test.content, test.records)))
		})
	}
}

func TestLocationIsTheFirstLineOfTheLastRecord(t *testing.T) {
	t.Parallel()

	rows := open(t, "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<all>\n\n<r><a>1\n</a></r>\n<r\n a='1'/><r/></all>\n", "")

	for _, want := range []string{"line 4", "line 6", "line 7"} {
		_, err := rows.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, rows.Location())
	}

	_, err := rows.Next(t.Context())
	require.ErrorIs(t, err, io.EOF)
}

func TestReadDecodesTheDeclaredEncoding(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		encoding    encoding.Encoding
		declaration string
		content     string
	}{
		"no declaration":            {encoding.Nop, "", "é株😀"},
		"a mark":                    {unicode.UTF8BOM, "", "é株😀"},
		"a mark and a declaration":  {unicode.UTF8BOM, "UTF-8", "é株😀"},
		"a mark, another declared":  {unicode.UTF8BOM, "windows-1252", "é株😀"},
		"UTF-8":                     {encoding.Nop, "utf-8", "é株😀\ufffd"},
		"UTF-8 that declares 16":    {encoding.Nop, "UTF-16", "é株😀"},
		"UTF-16, big":               {unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "UTF-16", "é株😀"},
		"UTF-16, little":            {unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "", "é株😀"},
		"UTF-16, big, no mark":      {unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "UTF-16BE", "é株😀"},
		"UTF-16, little, no mark":   {unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "UTF-16LE", "é株😀"},
		"Windows-1252":              {charmap.Windows1252, "windows-1252", "é€"},
		"ISO-8859-1":                {charmap.Windows1252, "ISO-8859-1", "é"},
		"ISO-8859-15":               {charmap.ISO8859_15, "iso-8859-15", "é€"},
		"Shift JIS":                 {japanese.ShiftJIS, "Shift_JIS", "株式"},
		"Shift JIS, in many pieces": {japanese.ShiftJIS, "Shift_JIS", strings.Repeat("株a", 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			content := "<all>\n<r><é a='" + test.content + "'/></r></all>"
			if !strings.Contains(test.content, "é") {
				content = strings.ReplaceAll(content, "é", "e")
			}

			if test.declaration != "" {
				content = fmt.Sprintf("<?xml version='1.0' encoding='%s'?>\n", test.declaration) + content
			}

			encoded, err := test.encoding.NewEncoder().String(content)
			require.NoError(t, err)

			for _, from := range []io.Reader{strings.NewReader(encoded), iotest.OneByteReader(strings.NewReader(encoded))} {
				rows, err := xml.NewReader(from, source.Read{})
				require.NoError(t, err)
				require.Equal(t, []source.Record{{raw(`{"@a":"` + test.content + `"}`)}}, sourcetest.ReadAll(t, rows))
			}
		})
	}
}

// readError returns the error that ends reading the content.
func readError(t *testing.T, content, records string) *source.Error {
	t.Helper()

	rows, err := xml.NewReader(strings.NewReader(content), source.Read{Format: source.Format{Records: records}})
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

	for name, test := range map[string]struct{ record, want string }{
		"a new element":              {`<r><new/></r>`, `line 3: the record has the element <new>, but the first records do not`},
		"a new attribute":            {`<r new="1"/>`, `line 3: the record has the attribute new, but the first records do not`},
		"text":                       {`<r>x</r>`, `line 3: the record has the text, but the first records do not`},
		"an attribute for a child":   {`<r t="1"/>`, `line 3: the record has the attribute t, but the first records do not`},
		"a child for an attribute":   {`<r><a>1</a></r>`, `line 3: the record has the element <a>, but the first records do not`},
		"another namespace":          {`<r><t xmlns="urn:x"/></r>`, `line 3: the record has the element <t> of the namespace "urn:x", but`},
		"children in text":           {`<r><t><x/></t></r>`, `line 3: column "t": the element has attributes or elements, but only text in the first records`},
		"attributes in text":         {`<r><t x=""/></r>`, `line 3: column "t": the element has attributes or elements`},
		"several":                    {`<r><t/><t/></r>`, `line 3: column "t": the record has several elements, but the first records have only one`},
		"several of json":            {`<r><o/><o/></r>`, `line 3: column "o": the record has several`},
		"text beside children":       {"<r>x <t/></r>", `line 3: the element <r> has the text "x" next to elements`},
		"text beside children below": {"<r><o><p>x<q/>\ny</p></o></r>", `line 3: the element <p> has the text "x\ny" next to elements`},
		"an attribute twice":         {`<r a="1" a="2"/>`, `line 3: the element <r> has the attribute a twice`},
		"an attribute twice below":   {`<r><o><p x="1" y="" x="1"/></o></r>`, `line 3: the element <p> has the attribute x twice`},
		"children of two namespaces": {`<r><o><p/><p xmlns="urn:x"/></o></r>`, `line 3: the element <o> has elements named p of two namespaces`},
		"attributes of two":          {`<r><o><p x="" y:x="" xmlns:y="urn:y"/></o></r>`, `line 3: the element <p> has attributes named x of two namespaces`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			begin := "<all>" + strings.Repeat(`<r a="1"><t>x</t><o><p/></o><l/><l/></r>`, 1_000) + "\n\n"
			content := begin + test.record + "<r a=\"2\"/></all>"

			problem := readError(t, content, "")
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, test.want)
			require.NotEmpty(t, problem.Hint)

			// Reject receives the same record, and the other records are read.
			for _, content := range []string{content, strings.Replace(begin, "\n\n", "", 1) + "\n\n" + test.record + "\n<r a=\"2\"/></all>"} {
				var rejects []source.Reject

				rows, err := xml.NewReader(strings.NewReader(content), source.Read{Reject: func(reject source.Reject) error {
					rejects = append(rejects, reject)

					return nil
				}})
				require.NoError(t, err)

				records := sourcetest.ReadAll(t, rows)
				require.Len(t, records, 1_001)
				require.Equal(t, source.Record{"2", nil, nil, nil}, records[1_000])
				require.Len(t, rejects, 1)
				require.Equal(t, "line 3", rejects[0].Location)
				require.Contains(t, "line 3: "+rejects[0].Message, test.want)
				require.Equal(t, test.record, rejects[0].Text)
			}
		})
	}
}

func TestReadReportsInvalidFilesWithTheirPlace(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ records, content, want, hint string }{
		"nothing":                  {"", "\n\n", "line 3: the file has no element", "empty"},
		"no XML":                   {"", "a,b\n1,2\n", `line 1: there is the text "a,b`, "correct"},
		"cut off":                  {"", "<all>\n<r>\n<a>x", "line 3: the file ends before its elements are closed", "cut off"},
		"cut off between records":  {"", "<all>\n<r/>\n", "line 3: the file ends before its elements are closed", "cut off"},
		"cut off in a tag":         {"", "<all><r><a", "line 1: the file ends before its elements are closed", "cut off"},
		"the wrong end":            {"", "<all>\n<r><a></b></r></all>", "line 2: element <a> closed by </b>", "well-formed"},
		"an end too many":          {"", "<all></all>\n</all>", "line 2: unexpected end element </all>", "well-formed"},
		"two roots":                {"", "<all/>\n<all/>", "line 2: the root element is followed by another, <all>", "around them"},
		"text behind the root":     {"", "<all/>\nx", `line 2: there is the text "x" outside of the root element`, "correct"},
		"text beside records":      {"", "<all><r/>\nx</all>", `line 2: there is the text "x" next to the elements of the root`, "records"},
		"records of two names":     {"", "<feed><title/>\n<entry/></feed>", "line 2: the root has elements of several names, <title> and <entry>", "records"},
		"no such element":          {"entry", "<feed>\n<title/></feed>", "line 2: the file has no element <entry>", "around"},
		"no such path":             {"feeds/entry", "<feed><entry/></feed>", "line 1: the file has no element <feeds> within an element <entry>", "around"},
		"an unknown entity":        {"", "<all>\n<r>&nbsp;</r></all>", "line 2: invalid character entity &nbsp;", "&#228;"},
		"an entity of its own":     {"", "<!DOCTYPE all [<!ENTITY e \"x\">]>\n<all><r>&e;</r></all>", "line 2: invalid character entity &e;", "&#228;"},
		"an entity of another":     {"", "<!DOCTYPE all [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>\n<all><r>&e;</r></all>", "line 2: invalid character entity &e;", "&#228;"},
		"another encoding":         {"", "<all>\n<r>caf\xe9</r></all>", "line 2: the file contains text in another encoding", "encoding="},
		"a name in another":        {"", "<all>\n<r><caf\xe9/></r></all>", "line 2: invalid XML name: caf\ufffd", "well-formed"},
		"no encoding":              {"", "<?xml version='1.0' encoding='nonsense'?><all/>", `line 1: the file declares the encoding "nonsense", which is not supported`, "label"},
		"not in its encoding":      {"", "<?xml version='1.0' encoding='Shift_JIS'?>\n<all><r>\x81</r></all>", "line 2: the file contains text in another encoding", "encoding="},
		"UTF-16, cut off":          {"", "\xff\xfe<\x00a\x00>\x00x", "line 1: the file contains text in another encoding", "encoding="},
		"UTF-16, half a pair":      {"", "\xff\xfe<\x00a\x00>\x00\x00\xd8<\x00/\x00a\x00>\x00", "line 1: the file contains text in another encoding", "encoding="},
		"a control character":      {"", "<all>\n<r>\x01</r></all>", "line 2: illegal character code U+0001", "well-formed"},
		"the number of one":        {"", "<all>\n<r>&#1;</r></all>", "line 2: illegal character code U+0001", "well-formed"},
		"a version to come":        {"", "<?xml version='1.1'?><all/>", `line 1: unsupported version "1.1"`, "well-formed"},
		"namespaces of one prefix": {"", `<all><r xmlns:p="a" p:x=""/><r xmlns:p="b" p:x=""/></all>`, `line 1: two columns are named "p:x"`, "prefix"},
		"one name in two spaces":   {"", `<all><r><x xmlns="a"/><x xmlns="b"/></r></all>`, `line 1: two columns are named "x"`, "prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			problem := readError(t, test.content, test.records)
			require.Equal(t, source.CodeRecordInvalid, problem.Code)
			require.Contains(t, problem.Message, test.want)
			require.Contains(t, problem.Hint, test.hint)
		})
	}
}

func TestErrorMessagesAreShortForLongNames(t *testing.T) {
	t.Parallel()

	name := strings.Repeat("ä", 1<<20)
	problem := readError(t, "<all><r "+name+"='1' "+name+"='2'/></all>", "")
	require.Less(t, len(problem.Message), 600)
	require.True(t, utf8.ValidString(problem.Message))
}

func TestNewReaderRefusesInvalidPaths(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"/feed", "feed/", "a//b", "atom:entry", "a b", "1", "<a>", "a/>", "a><b", "a b='c'", "@id", "*"} {
		problem := readError(t, "<feed/>", path)
		require.Equal(t, source.CodeOperationUnsupported, problem.Code)
		require.Contains(t, problem.Message, fmt.Sprintf("the path %q", path))
	}
}

func TestRejectReceivesAnExcerptOfALongRecord(t *testing.T) {
	t.Parallel()

	record := `<r a="1" a="2"><b>` + strings.Repeat("ä", 100_000) + "</b></r>"

	for _, begin := range []string{"", strings.Repeat("<r/>", 1_000)} {
		for _, declaration := range []string{"", "<?xml version='1.0' encoding='utf-16'?>", "<?xml version='1.0' encoding='iso-8859-1'?>"} {
			content := declaration + "<all>" + begin + record + "</all>"
			if strings.Contains(declaration, "8859") {
				content = strings.ReplaceAll(content, "ä", "\xe4")
			}

			var text string

			rows, err := xml.NewReader(strings.NewReader(content), source.Read{Reject: func(reject source.Reject) error {
				text = reject.Text

				return nil
			}})
			require.NoError(t, err)
			require.Len(t, sourcetest.ReadAll(t, rows), len(begin)/len("<r/>"))
			require.Less(t, len(text), 4<<10)
			require.Greater(t, len(text), 4<<10-3)
			require.True(t, strings.HasPrefix(record, text))
		}
	}
}

func TestRejectedRecordsAreNotPartOfTheSample(t *testing.T) {
	t.Parallel()

	var rejects []source.Reject

	rows, err := xml.NewReader(strings.NewReader("<all><r><bad/>x</r><r><a>1</a></r></all>"), source.Read{Reject: func(reject source.Reject) error {
		rejects = append(rejects, reject)

		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, "a text", types(rows.Schema()))
	require.Equal(t, []source.Record{{"1"}}, sourcetest.ReadAll(t, rows))
	require.Equal(t, []source.Reject{{
		Location: "line 1", Message: `the element <r> has the text "x" next to elements`, Text: "<r><bad/>x</r>",
	}}, rejects)
}

func TestAnErrorOfRejectEndsReading(t *testing.T) {
	t.Parallel()

	enough := errors.New("enough")

	rows, err := xml.NewReader(strings.NewReader("<all><r>x<y/></r><r/></all>"), source.Read{Reject: func(source.Reject) error { return enough }})
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

	rows, err := xml.NewReader(strings.NewReader("<all><r>x<y/></r><r>x<y/></r></all>"), source.Read{Reject: func(source.Reject) error {
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

	small, large := "<r a='1'/>", "<r a='"+strings.Repeat("x", 64<<10)+"'/>"

	for content, want := range map[string]string{
		strings.Repeat(small, 999):   "a text, b text",
		strings.Repeat(small, 1_000): "a text",
		strings.Repeat(large, 15):    "a text, b text",
		strings.Repeat(large, 16):    "a text",
	} {
		rows := open(t, "<all>"+content+"<r b=''/></all>", "")
		require.Equal(t, want, types(rows.Schema()))
	}
}

func TestReadReturnsErrorsOfTheFileUnchanged(t *testing.T) {
	t.Parallel()

	broken := errors.New("broken")

	for _, content := range []string{"", "<all", "<all><r/>", "<all><r><a>", "<?xml version='1.0' encoding='iso-8859-1'?><all><r>", "\xfe\xff\x00<"} {
		_, err := xml.NewReader(io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken)), source.Read{})
		require.Equal(t, broken, err, content)
	}

	// After the sample, Next returns the error.
	begin := "<all>" + strings.Repeat("<r a='1'/>", 1_000)

	rows, err := xml.NewReader(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)), source.Read{})
	require.NoError(t, err)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.Equal(t, broken, err)
}

func TestReadDoesNotReadFarAhead(t *testing.T) {
	t.Parallel()

	for _, begin := range []string{"<all>", "<?xml version='1.0' encoding='iso-8859-1'?><all>"} {
		record := "<r a='1'><b>" + strings.Repeat("x", 78) + "</b></r>\n"
		from := &sourcetest.Endless{Begin: begin, Repeat: record}

		rows, err := xml.NewReader(from, source.Read{})
		require.NoError(t, err)

		for range 20_000 {
			_, err := rows.Next(t.Context())
			require.NoError(t, err)
		}

		require.Less(t, from.Count, int64(20_000*len(record)+1<<20))
	}
}

func TestReadLimitsTheSizeOfARecord(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ begin, repeat, records, want string }{
		"a record":          {"<all>\n<r>", "<a/>", "", "line 2: the record that begins here has more than 1000000 elements"},
		"a text":            {"<all>\n<r>", "a", "", "line 2: the element that begins here does not end within 64 MiB"},
		"a comment":         {"<all>\n<!-- ", "a", "", "line 2: the element that begins here does not end within 64 MiB"},
		"an encoding's":     {"<?xml version='1.0' encoding='iso-8859-1'?>\n<all><r>", "a", "", "line 2: the element that begins here does not end within 64 MiB"},
		"depth in a record": {"<all>\n<r>", "<a>", "", "line 2: elements are nested more than 1000 levels deep"},
		"depth outside":     {"<all>\n", "<a>", "r", "line 2: elements are nested more than 1000 levels deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			from := &sourcetest.Endless{Begin: test.begin, Repeat: strings.Repeat(test.repeat, 64<<10)}
			_, err := xml.NewReader(from, source.Read{Format: source.Format{Records: test.records}})
			require.ErrorContains(t, err, test.want)
			require.Less(t, from.Count, int64(65<<20))
		})
	}
}

func TestReadDoesNotLimitTheSizeOfAFile(t *testing.T) {
	t.Parallel()

	for name, begin := range map[string]string{
		"others":                 "<all><r a=''/>",
		"records in an encoding": "<?xml version='1.0' encoding='iso-8859-1'?><all>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			repeat, count := "<r a='"+strings.Repeat("x", 1<<20)+"'/>", 70
			if name == "others" {
				repeat, count = "<x a='"+strings.Repeat("x", 1<<20)+"'/>", 0
			}

			content := io.MultiReader(strings.NewReader(begin), io.LimitReader(&sourcetest.Endless{Repeat: repeat}, int64(70*len(repeat))), strings.NewReader("</all>"))

			rows, err := xml.NewReader(content, source.Read{Format: source.Format{Records: "r"}})
			require.NoError(t, err)

			got := 0
			for ; err == nil; got++ {
				_, err = rows.Next(t.Context())
			}

			require.ErrorIs(t, err, io.EOF)
			require.Equal(t, max(count, 1), got-1)
		})
	}
}

func TestCloseCanBeRepeated(t *testing.T) {
	t.Parallel()

	rows := open(t, "<all><r/></all>", "")
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Close())
}
