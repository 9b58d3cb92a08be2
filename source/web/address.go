package web

import (
	"net/url"
	"slices"
	"strings"
)

// maxEscapes is the number of times that a path can be percent-encoded without hiding its meaning from leaves.
const maxEscapes = 5

// leaves reports whether a path leads out of its folder by .., as a server may understand it: percent-encoded, also more than
// once, with backslashes, or with parameters, as in ..;x.
func leaves(path string) bool {
	for range maxEscapes {
		parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })

		if slices.ContainsFunc(parts, func(part string) bool {
			name, _, _ := strings.Cut(part, ";")

			return name == ".."
		}) {
			return true
		}

		decoded, err := url.PathUnescape(path)
		if err != nil || decoded == path {
			return false
		}

		path = decoded
	}

	return true // A name has no use for so many encodings.
}
