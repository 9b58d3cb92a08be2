package source

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
)

// Hide returns a replacer that removes secrets from the texts of a server, which may repeat them: as they are, in base64, as
// parts of a longer text in base64, and escaped for URLs, JSON and HTML.
func Hide(secrets ...string) *strings.Replacer {
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, SecretForms(secret)...)
	}

	// A replacer prefers earlier forms: if a form contains another one, it must come first.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})

	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, "…")
	}

	return strings.NewReplacer(pairs...)
}

// SecretForms returns the forms that [Hide] removes; none of an empty secret.
func SecretForms(secret string) []string {
	if secret == "" {
		return nil
	}

	forms := []string{secret, html.EscapeString(secret)}

	for _, escaped := range []string{url.QueryEscape(secret), url.PathEscape(secret)} {
		forms = append(forms, escaped, lowerEscapes(escaped))
	}

	if quoted, err := json.Marshal(secret); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}

	for _, encoding := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		forms = append(forms, encoding.EncodeToString([]byte(secret)))
	}

	return append(forms, innerForms(secret)...)
}

// minInner is the length of the shortest part of a base64 text that is hidden. Shorter ones occur in other texts.
const minInner = 8

// innerForms returns the parts of a longer text in base64 that represent the secret alone. They depend on the position of the
// secret in the text: three bytes are four characters.
func innerForms(secret string) []string {
	var forms []string

	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			encoded := encoding.EncodeToString(append(make([]byte, before), secret...))
			encoded = encoded[(before*8+5)/6:] // Without the characters that also represent bytes before the secret,

			if (before+len(secret))%3 != 0 {
				encoded = encoded[:len(encoded)-1] // or after it.
			}

			if len(encoded) >= minInner {
				forms = append(forms, encoded)
			}
		}
	}

	return forms
}

// lowerEscapes returns a URL-encoded text whose escapes are in lower case: %2f instead of %2F.
func lowerEscapes(text string) string {
	var lower strings.Builder

	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+2 >= len(text) {
			lower.WriteByte(text[i])

			continue
		}

		lower.WriteString(strings.ToLower(text[i : i+3]))
		i += 2
	}

	return lower.String()
}
