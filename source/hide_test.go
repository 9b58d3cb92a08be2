package source_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
)

func TestHideRemovesSecretsInEachForm(t *testing.T) {
	t.Parallel()

	const password = `pä"ss/w+rd 1?&<`

	hide := source.Hide("", "other", password)

	for _, text := range []string{
		password, url.QueryEscape(password), url.PathEscape(password), strings.ToLower(url.QueryEscape(password)),
		`pä\"ss/w+rd 1?\u0026\u003c`, "pä&#34;ss/w+rd 1?&amp;&lt;", "other",
		base64.StdEncoding.EncodeToString([]byte(password)), base64.RawURLEncoding.EncodeToString([]byte(password)),
	} {
		require.Equal(t, "before … after", hide.Replace("before "+text+" after"), text)
	}

	require.Equal(t, "nothing to hide", hide.Replace("nothing to hide"))
}

// A server may repeat the header of basic authentication, in which the password is a part of a longer text.
func TestHideRemovesSecretsWithinBase64(t *testing.T) {
	t.Parallel()

	for _, password := range []string{"s3cr3t-k", "s3cr3t-ke", "s3cr3t-key", "a longer password"} {
		hide := source.Hide(password)

		for _, before := range []string{"me:", "you:", "them:", ""} {
			for _, after := range []string{"", "!", "!!"} {
				hidden := hide.Replace(base64.StdEncoding.EncodeToString([]byte(before + password + after)))
				require.Contains(t, hidden, "…")

				rest := strings.ReplaceAll(hidden, "…", "")
				require.LessOrEqual(t, len(rest), len(base64.StdEncoding.EncodeToString([]byte(before+after)))+8)
			}
		}
	}
}
