package files

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/jobwright/jobwright/source"
)

// ReservedPrefix is the prefix of the names of files that are not tables: drafts, including those that a crash left behind.
const ReservedPrefix = ".jobwright-"

// special lists the characters that make a name a pattern, and the backslash, which escapes them.
const special = `*?[{\`

// escapable lists the characters that have a meaning in a pattern and can be escaped by a backslash.
const escapable = special + `]},-!^`

// escapeHint explains how to write a name with special characters.
const escapeHint = `to use *, ?, [, { or \ literally in a name, put a backslash before it; separate folders by /`

// file returns the name of the file of a table whose name is not a pattern.
func (s *Source) file(table source.Table) (string, error) {
	plain, isPattern, err := s.parse(table)
	if err != nil {
		return "", err
	}

	if isPattern {
		return "", &source.Error{
			Code: source.CodeOperationUnsupported, Source: s.name, Table: table.String(),
			Message: "a pattern names many files, but this operation needs one", Hint: escapeHint,
		}
	}

	return plain, nil
}

// files returns the names of the files of a table, at least one, and whether the table's name is a pattern.
func (s *Source) files(ctx context.Context, table source.Table) (names []string, isPattern bool, err error) {
	plain, isPattern, err := s.parse(table)
	if err != nil {
		return nil, false, err
	}

	if !isPattern {
		return []string{plain}, false, nil
	}

	if names, err = s.match(ctx, table); err != nil {
		return nil, false, s.named(err, table)
	}

	if len(names) == 0 {
		return nil, false, &source.Error{
			Code: source.CodeTableNotFound, Source: s.name, Table: table.String(),
			Message: "no file matches the pattern", Hint: escapeHint,
		}
	}

	return names, true, nil
}

// match lists the files that match the table's pattern, in order.
func (s *Source) match(ctx context.Context, table source.Table) ([]string, error) {
	folder, pattern := splitPattern(table)

	// List as few files as possible: a bucket may have millions.
	prefix := folder + pattern[:strings.IndexAny(pattern, special)]
	deep := strings.Contains(pattern, "/") || strings.Contains(pattern, "**")

	var names []string

	for name, err := range s.store.List(ctx, prefix, deep) {
		if err != nil {
			return nil, err
		}

		if matches(table, name) {
			names = append(names, name)
		}
	}

	return names, nil
}

// splitPattern splits a table whose name is a pattern into the folder of all matching files, which ends with a slash unless it
// is the root, and the pattern of names within the folder.
func splitPattern(table source.Table) (folder, pattern string) {
	folder, pattern = doublestar.SplitPattern(path.Clean(table.Name))

	if folder = path.Join(table.Space, folder); folder == "." {
		return "", pattern
	}

	return folder + "/", pattern
}

// matches reports whether the file of that name belongs to a table whose name is a pattern.
func matches(table source.Table, name string) bool {
	folder, pattern := splitPattern(table)
	within, inFolder := strings.CutPrefix(name, folder)

	return inFolder && !hidden(within) && doublestar.MatchUnvalidated(pattern, within)
}

// parse reports whether the table's name is a pattern, and otherwise returns the name of its file in the store. The name
// never leads outside of the store.
func (s *Source) parse(table source.Table) (plain string, isPattern bool, err error) {
	invalid := func(code source.Code, message, hint string) (string, bool, error) {
		return "", false, &source.Error{Code: code, Source: s.name, Table: table.String(), Message: message, Hint: hint}
	}

	plain, isPattern, err = unescape(path.Clean(table.Name))
	if err != nil {
		return invalid(source.CodeTableNotFound, err.Error(), escapeHint)
	}

	for _, part := range []string{path.Clean(table.Space), plain} {
		switch {
		case strings.ContainsRune(part, 0):
			return invalid(source.CodeTableNotFound, "the name contains a NUL character", "remove it")
		case !fs.ValidPath(part):
			return invalid(source.CodeUnavailable, "the name escapes from "+s.store.String(),
				"use a path relative to it that does not begin with / and does not lead out of it with ..")
		case reserved(part):
			return invalid(source.CodeOperationUnsupported,
				"names that begin with "+ReservedPrefix+" are reserved for files that are still being written",
				"choose another name")
		}
	}

	if plain == "." {
		return invalid(source.CodeTableNotFound, "the name of the file is missing",
			"use the path of a file or a pattern such as *.csv")
	}

	return path.Join(table.Space, plain), isPattern, nil
}

// unescape reports whether a name is a pattern, because it contains a special character that is not escaped, and returns the
// name without escaping backslashes.
func unescape(name string) (plain string, isPattern bool, err error) {
	var text strings.Builder

	for i := 0; i < len(name); i++ {
		switch {
		case name[i] != '\\':
			isPattern = isPattern || strings.IndexByte(special, name[i]) >= 0
		case i+1 == len(name) || strings.IndexByte(escapable, name[i+1]) < 0:
			return "", false, fmt.Errorf(`the \ in %q does not precede a special character`, name)
		default:
			i++
		}

		text.WriteByte(name[i])
	}

	if isPattern && !doublestar.ValidatePattern(name) {
		return "", false, fmt.Errorf("%q is not a valid pattern", name)
	}

	return text.String(), isPattern, nil
}

// escape returns the name of a file with special characters escaped.
func escape(name string) string {
	var text strings.Builder

	for i := range len(name) {
		if strings.IndexByte(special, name[i]) >= 0 {
			text.WriteByte('\\')
		}

		text.WriteByte(name[i])
	}

	return text.String()
}

// reserved reports whether a file or one of its folders has a reserved name.
func reserved(name string) bool {
	return strings.HasPrefix(name, ReservedPrefix) || strings.Contains(name, "/"+ReservedPrefix)
}

// hidden reports whether patterns ignore a file because its name, or that of a folder, begins with a dot, as in a shell.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }
