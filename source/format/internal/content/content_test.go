package content_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

func TestPrefixAndShortenKeepWholeCharacters(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		text          string
		size          int
		prefix, short string
	}{
		{"", 0, "", ""},
		{"abc", 3, "abc", "abc"},
		{"abc", 2, "ab", "ab…"},
		{"aä", 2, "a", "a…"},
		{"ää", 2, "ä", "ä…"},
		{"😀", 3, "", "…"},
		{"\x80\x80", 1, "", "…"},
	} {
		require.Equal(t, test.prefix, content.Prefix(test.text, test.size), "%q", test.text)
		require.Equal(t, test.short, content.Shorten(test.text, test.size), "%q", test.text)
	}

	require.Equal(t, `"`+strings.Repeat("a", 60)+`…"`, content.Quote(strings.Repeat("a", 61)))
}

func TestIndexInvalid(t *testing.T) {
	t.Parallel()

	for text, index := range map[string]int{"": 0, "ä\ufffd": 5, "a\xe9": 1, "ä\xff": 2, "😀\xf0\x9f": 4} {
		require.Equal(t, index, content.IndexInvalid(text), "%q", text)
	}
}

func TestStrictReplacesInvalidBytes(t *testing.T) {
	t.Parallel()

	// Windows-1252 has no character 0x81.
	decoded, err := io.ReadAll(transform.NewReader(strings.NewReader("a\x81\xe9"), content.Strict{Transformer: charmap.Windows1252.NewDecoder()}))
	require.NoError(t, err)
	require.Equal(t, "a\xffé", string(decoded))
}
