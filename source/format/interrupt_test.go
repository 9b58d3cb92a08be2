package format_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// endless is a file that begins with a text and repeats another. It cancels its context after a number of bytes.
type endless struct {
	begin, repeated string
	after           int64
	cancel          context.CancelFunc
	served          int64
	at              int  // The index of the next byte in repeated.
	overrun         bool // Whether the file was read much further than to the end of the context.
}

func (e *endless) Read(chunk []byte) (int, error) {
	n := copy(chunk, e.begin)
	e.begin = e.begin[n:]

	for n < len(chunk) {
		part := copy(chunk[n:], e.repeated[e.at:])
		n, e.at = n+part, (e.at+part)%len(e.repeated)
	}

	e.served += int64(n)

	if e.served >= e.after {
		e.cancel()
	}

	if e.served > e.after+8<<20 {
		e.overrun = true

		return 0, io.ErrUnexpectedEOF
	}

	return n, nil
}

func (e *endless) Close() error { return nil }

func TestReadStopsWithTheContextWhileACodecReturnsNoRecord(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		file, begin, repeated string
		format                source.Format
	}{
		"empty lines":               {file: "a.csv", begin: "a,b\n", repeated: "\n"},
		"a quote that never ends":   {file: "a.csv", begin: "a,b\n\"", repeated: "x"},
		"rejected records":          {file: "a.csv", begin: "a,b\n", repeated: "1\n"},
		"a header of one line":      {file: "a.csv", begin: "", repeated: "abcdefg,"},
		"a value before records":    {file: "a.json", begin: `{"x":[1`, repeated: ",[1]", format: source.Format{Records: "y"}},
		"white space":               {file: "a.ndjson", begin: "{\"a\":1}\n", repeated: "\n"},
		"a record that never ends":  {file: "a.ndjson", begin: `{"a":[1`, repeated: ",1"},
		"rejected objects":          {file: "a.ndjson", begin: "{\"a\":1}\n", repeated: "[]\n"},
		"elements before records":   {file: "a.xml", begin: "<all>", repeated: "<x/>", format: source.Format{Records: "r"}},
		"an element that never end": {file: "a.xml", begin: "<all><r><a>", repeated: "x"},
		"comments":                  {file: "a.xml", begin: "<all>", repeated: "<!-- x -->"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()

			o := options(test.format)
			o.Reject = func(source.Reject) error { return nil }

			from := &endless{begin: test.begin, repeated: test.repeated, after: 3 << 20, cancel: cancel}

			rows, err := format.Read(ctx, from, test.file, o)
			for err == nil {
				_, err = rows.Next(ctx)
			}

			require.Equal(t, context.Canceled, err)
			require.False(t, from.overrun, "the file is still read, although its context has ended")
		})
	}
}

func TestReadStopsWithTheContextOfNext(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	from := &endless{begin: "a,b\n", repeated: "\n", after: 3 << 20, cancel: cancel}

	rows, err := format.Read(t.Context(), from, "a.csv", options(source.Format{}))
	require.NoError(t, err)

	_, err = rows.Next(ctx)
	require.Equal(t, context.Canceled, err)
	require.False(t, from.overrun)
}

// zeros is a reader of n bytes that compress to nearly nothing.
func zeros(n int64) io.Reader { return io.LimitReader(&endless{repeated: "\n", after: n + 1}, n) }

// countdown is a file that cancels a context when it is read for the n-th time.
type countdown struct {
	*bytes.Reader

	n      int // The number of reads until the context ends; negative afterwards.
	cancel context.CancelFunc
}

func (c *countdown) count() {
	c.n--
	if c.n == 0 {
		c.cancel()
	}
}

func (c *countdown) Read(chunk []byte) (int, error) {
	c.count()

	return c.Reader.Read(chunk)
}

func (c *countdown) ReadAt(chunk []byte, offset int64) (int, error) {
	c.count()

	return c.Reader.ReadAt(chunk, offset)
}

func (c *countdown) Close() error { return nil }

func TestReadStopsWithTheContextWhileSmallContentIsDecompressed(t *testing.T) {
	t.Parallel()

	var packed bytes.Buffer

	gz := gzip.NewWriter(&packed)
	_, err := io.WriteString(gz, "a,b\n")
	require.NoError(t, err)
	_, err = io.Copy(gz, zeros(100<<20))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	require.Less(t, packed.Len(), 256<<10)

	for name, content := range map[string][]byte{"a.csv.gz": packed.Bytes(), "a.xlsx": book(t, bomb(20<<20), 1)} {
		ctx, cancel := context.WithCancel(t.Context())
		from := &countdown{Reader: bytes.NewReader(content), n: 12, cancel: cancel}

		rows, err := format.Read(ctx, from, name, options(source.Format{}))
		if err == nil {
			_, err = rows.Next(ctx)
		}

		cancel()
		require.Equal(t, context.Canceled, err)
		require.Greater(t, from.n, -3, "reads after the context has ended")
	}
}

// bomb is the XML of n shared strings, which are empty.
func bomb(n int64) io.Reader {
	const element = "<si/>"

	return io.MultiReader(strings.NewReader("<sst>"),
		io.LimitReader(&endless{repeated: element, after: n*int64(len(element)) + 1}, n*int64(len(element))), strings.NewReader("</sst>"))
}

// book returns an XLSX file with shared strings and a sheet of one row, whose cells have the first of them.
func book(t *testing.T, shared io.Reader, cells int) []byte {
	t.Helper()

	var content bytes.Buffer

	archive := zip.NewWriter(&content)

	for name, part := range map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="S" r:id="1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="1" Target="sheet.xml"/></Relationships>`,
		"xl/sheet.xml":               `<worksheet><sheetData><row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, cells) + `</row></sheetData></worksheet>`,
	} {
		into, err := archive.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(into, part)
		require.NoError(t, err)
	}

	into, err := archive.Create("xl/sharedStrings.xml")
	require.NoError(t, err)
	_, err = io.Copy(into, shared)
	require.NoError(t, err)
	require.NoError(t, archive.Close())

	return content.Bytes()
}
