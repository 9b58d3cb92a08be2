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

// ReservedPrefix begins the names of files that are no tables: drafts, and what a crash left of them.
const ReservedPrefix = ".jobwright-"

// special are the characters that make a name a pattern, and the one that takes this away from them.
const special = `*?[{\`

// escapable are the characters that mean something in a pattern, and stand for themselves behind a backslash.
const escapable = special + `]},-!^`

// escapeHint says how a name is told from a pattern.
const escapeHint = `in a name, write \*, \?, \[, \{ and \\ for these characters themselves, and / between folders`

// file returns the name of the one file that a table is.
func (s *Source) file(table source.Table) (string, error) {
	plain, isPattern, err := s.parse(table)
	if err != nil {
		return "", err
	}

	if isPattern {
		return "", &source.Error{
			Code: source.CodeOperationUnsupported, Source: s.name, Table: table.String(),
			Message: "a pattern names many files, and this is done with one", Hint: escapeHint,
		}
	}

	return plain, nil
}

// files returns the names of the files that a table is, one at least, and whether a pattern found them.
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

	// The store is asked for no more than has to be looked at: a bucket may hold millions of files.
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

// splitPattern splits a table whose name is a pattern into the folder in which every matching file lies, with a slash at
// its end unless it is the root, and the pattern of names within the folder.
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

// parse tells whether the table's name is a pattern, and otherwise returns the name of its file in the store. Nothing that
// it returns leads out of the store.
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
			return invalid(source.CodeTableNotFound, "a file's name has no NUL in it", "correct the name")
		case !fs.ValidPath(part):
			return invalid(source.CodeUnavailable, "the name escapes from "+s.store.String(),
				"give a path that begins in it, without / at its beginning and with no .. that leads out")
		case reserved(part):
			return invalid(source.CodeOperationUnsupported,
				"names that begin with "+ReservedPrefix+" are those of files that are still being written", "choose another name")
		}
	}

	if plain == "." {
		return invalid(source.CodeTableNotFound, "the name of the file is missing",
			"give the path of a file, or a pattern such as *.csv")
	}

	return path.Join(table.Space, plain), isPattern, nil
}

// unescape reads a name: as a pattern, if there is a character in it that makes it one, otherwise as the name that is left
// when the backslashes before such characters are taken away.
func unescape(name string) (plain string, isPattern bool, err error) {
	var text strings.Builder

	for i := 0; i < len(name); i++ {
		switch {
		case name[i] != '\\':
			isPattern = isPattern || strings.IndexByte(special, name[i]) >= 0
		case i+1 == len(name) || strings.IndexByte(escapable, name[i+1]) < 0:
			return "", false, fmt.Errorf(`the \ in %q stands before no special character`, name)
		default:
			i++
		}

		text.WriteByte(name[i])
	}

	if isPattern && !doublestar.ValidatePattern(name) {
		return "", false, fmt.Errorf("%q is not a whole pattern", name)
	}

	return text.String(), isPattern, nil
}

// escape writes the name of a file so that it is no pattern.
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

// reserved tells whether a file is no table, by its name or by that of a folder that it lies in.
func reserved(name string) bool {
	return strings.HasPrefix(name, ReservedPrefix) || strings.Contains(name, "/"+ReservedPrefix)
}

// hidden tells whether a pattern passes over a file, as it does in a shell.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.Contains(name, "/.") }
