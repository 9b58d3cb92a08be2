package sqltext

import "strings"

// Contains reports whether a statement contains a keyword outside of quoted texts, quoted names and comments.
func (d Dialect) Contains(statement, keyword string) bool {
	return d.contains(statement, func(found token) bool {
		return found.kind == word && strings.EqualFold(found.text, keyword)
	})
}

// HasExecutableComment reports whether a statement contains a comment whose content MySQL or MariaDB executes: /*! … */ or
// /*M! … */. It may contain any keyword.
func (d Dialect) HasExecutableComment(statement string) bool {
	return d.contains(statement, func(found token) bool {
		return strings.HasPrefix(found.text, "/*!") || strings.HasPrefix(found.text, "/*M!")
	})
}

// contains reports whether a token of the statement matches.
func (d Dialect) contains(statement string, matches func(token) bool) bool {
	for tokens := (&scanner{dialect: d, rest: statement}); ; {
		found, ok := tokens.next()
		if !ok || matches(found) {
			return ok
		}
	}
}
