package format_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

func TestReadDecodesText(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, encoding, content string
		value                   any
	}{
		{"UTF-8", "", "a\né\n", "é"},
		{"UTF-8 with a byte order mark", "", "\xef\xbb\xbfa\né\n", "é"},
		{"UTF-8 with a byte order mark and quotes", "", "\xef\xbb\xbf\"a\"\né\n", "é"},
		{"UTF-8 with a byte order mark and its name", "utf-8", "\xef\xbb\xbfa\né\n", "é"},
		{"UTF-16, little-endian, with a byte order mark", "", "\xff\xfea\x00\n\x00\xe9\x00\n\x00", "é"},
		{"UTF-16, big-endian, with a byte order mark", "", "\xfe\xff\x00a\x00\n\x00\xe9\x00\n", "é"},
		{"UTF-16, big-endian, with a byte order mark and its name", "utf-16", "\xfe\xff\x00a\x00\n\x00\xe9\x00\n", "é"},
		{"UTF-16 without a byte order mark", "utf-16", "a\x00\n\x00\xe9\x00\n\x00", "é"},
		{"UTF-16, big-endian, without a byte order mark", "utf-16be", "\x00a\x00\n\x00\xe9\x00\n", "é"},
		{"UTF-16 with a pair of surrogates", "utf-16le", "a\x00\n\x00\x3d\xd8\x00\xde\n\x00", "😀"},
		{"UTF-16 with the replacement character", "utf-16le", "a\x00\n\x00\xfd\xff\n\x00", "\ufffd"},
		{"a byte order mark overrules the name", "windows-1252", "\xef\xbb\xbfa\né\n", "é"},
		{"windows-1252", "windows-1252", "a\n\x80\n", "€"},
		{"another name of it", " Latin1 ", "a\n\x80\n", "€"},
		{"shift_jis", "shift_jis", "a\n\x8a\x94\n", "株"},
		{"only a byte order mark before the first byte", "", "\xef\xbb\xbfa\n\xef\xbb\xbf\n", "\ufeff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			for _, content := range []io.Reader{
				bytes.NewReader([]byte(test.content)), iotest.OneByteReader(bytes.NewReader([]byte(test.content))),
			} {
				rows, err := format.Read(t.Context(), &file{Reader: content}, "orders.csv", options(source.Format{Encoding: test.encoding}))
				require.NoError(t, err)
				require.Equal(t, []string{"a"}, rows.Schema().Names())

				records, err := all(t, rows)
				require.NoError(t, err)
				require.Equal(t, []source.Record{{test.value}}, records)
				require.NoError(t, rows.Close())
			}
		})
	}
}

func TestReadReportsInvalidTextWithItsPlace(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, encoding, content, message string }{
		{"UTF-8", "", "a\n\xe9\n", `line 2, column "a": "\xe9" is not text in utf-8`},
		{"half a pair of surrogates", "", "\xff\xfea\x00\n\x00x\x00\x3d\xd8x\x00\n\x00", `line 2, column "a": "x\xffx" is not text in utf-16le`},
		{"the second half", "utf-16be", "\x00a\x00\n\xde\x00\x00\n", `line 2, column "a": "\xff" is not text in utf-16be`},
		{"an end within a character", "utf-16le", "a\x00\n\x00x\x00y", `line 2, column "a": "x\xff" is not text in utf-16le`},
		{"an end within a pair", "utf-16le", "a\x00\n\x00x\x00\x3d\xd8", `line 2, column "a": "x\xff" is not text in utf-16le`},
		{"an end within the second half", "utf-16le", "a\x00\n\x00x\x00\x3d\xd8\x00", `line 2, column "a": "x\xff" is not text in utf-16le`},
		{"shift_jis", "shift_jis", "a\nx\x8a\n", `line 2, column "a": "x\xff" is not text in shift_jis`},
		{"a byte without a character", "windows-1253", "a\nx\xd2\n", `line 2, column "a": "x\xff" is not text in windows-1253`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, _, err := read(t, []byte(test.content), "orders.csv", options(source.Format{Encoding: test.encoding}))
			requireProblem(t, err, source.CodeRecordInvalid, test.message)
		})
	}
}

func TestReadRefusesUTF16WithoutAByteOrderMark(t *testing.T) {
	t.Parallel()

	little, big := binary.LittleEndian, binary.BigEndian

	for _, test := range []struct {
		name, text string
		order      binary.AppendByteOrder
		want       string // The encoding that the error names.
	}{
		{"orders.csv", "id,name\n1,é\n", little, "utf-16le"},
		{"orders.csv", "id,name\n1,é\n", big, "utf-16be"},
		{"orders.csv", "a\n1\n", little, "utf-16le"},
		{"orders.csv", "a\n1\n", big, "utf-16be"},
		// Letters without zeros.
		{"orders.csv", "名,年\n", little, "utf-16le"},
		{"orders.csv", "名,年\n", big, "utf-16be"},
		{"orders.json", `[{"id":1}]`, little, "utf-16le"},
		{"orders.json", "[\n{}]", big, "utf-16be"},
		{"orders.ndjson", `{"id":1}`, big, "utf-16be"},
	} {
		var content []byte
		for _, unit := range utf16.Encode([]rune(test.text)) {
			content = test.order.AppendUint16(content, unit)
		}

		_, _, err := read(t, content, test.name, options(source.Format{}))
		requireProblem(t, err, source.CodeRecordInvalid, "the text looks like UTF-16, but has no byte order mark, and the format has no encoding")
		require.ErrorContains(t, err, test.want)

		_, _, err = read(t, content, test.name, options(source.Format{Encoding: test.want}))
		require.NoError(t, err)
	}
}

// U+0000 in a later value is accepted, and so is U+0000 anywhere if the format names the encoding.
func TestReadAcceptsZeroBytesInText(t *testing.T) {
	t.Parallel()

	for content, f := range map[string]source.Format{
		"a\n\x00\n":   {},
		"a\nx\x00y\n": {},
		"\x00\nx\n":   {Encoding: "utf-8"},
	} {
		_, records, err := read(t, []byte(content), "orders.csv", options(f))
		require.NoError(t, err)
		require.Len(t, records, 1)
	}
}

func TestWriteEncodesText(t *testing.T) {
	t.Parallel()

	for encoding, content := range map[string]string{
		"":             "a\né\n",
		"utf-8":        "a\né\n",
		"utf-16":       "\xff\xfea\x00\n\x00\xe9\x00\n\x00",
		"utf-16le":     "a\x00\n\x00\xe9\x00\n\x00",
		"utf-16be":     "\x00a\x00\n\x00\xe9\x00\n",
		"windows-1252": "a\n\xe9\n",
	} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()

			f := source.Format{Encoding: encoding}
			require.Equal(t, content, string(write(t, "orders.csv", f, texts("a"), source.Record{"é"})))
		})
	}
}

func TestWriteReportsCharactersThatTheEncodingLacks(t *testing.T) {
	t.Parallel()

	schema := append(texts("a"), source.Column{Name: "b", Standard: source.Standard{Type: source.Array, Element: source.Text}})

	for _, test := range []struct {
		encoding string
		record   source.Record
		message  string
	}{
		{"windows-1252", source.Record{"é, 株", nil}, `record 2, column "a": the encoding windows-1252 does not have the character "株"`},
		{"windows-1252", source.Record{nil, []any{"é", "株"}}, `record 2, column "b": the encoding windows-1252 does not have the character "株"`},
		// These are written, but read as others.
		{"gb18030", source.Record{"é\ue000", nil}, `record 2, column "a": the encoding gb18030 does not have the character "\ue000"`},
		{"iso-2022-jp", source.Record{"\x1b", nil}, `record 2, column "a": the encoding iso-2022-jp does not have the character "\x1b"`},
	} {
		writer, err := format.NewWriter(io.Discard, "orders.csv", source.Format{Encoding: test.encoding}, schema)
		require.NoError(t, err)
		require.NoError(t, writer.Append(source.Record{"x", []any{"y"}}))

		err = format.Named(writer.Append(test.record), "files", source.Table{Name: "orders"})
		requireProblem(t, err, source.CodeRecordInvalid, test.message)
	}

	_, err := format.NewWriter(io.Discard, "orders.csv", source.Format{Encoding: "windows-1252"}, texts("a", "株"))
	requireProblem(t, format.Named(err, "files", source.Table{Name: "orders"}), source.CodeRecordInvalid,
		`the name of column 2: the encoding windows-1252 does not have the character "株"`)
}
