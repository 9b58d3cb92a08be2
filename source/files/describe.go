package files

import (
	"context"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// Describe returns the columns of a file, or of the first file that matches a pattern. It reads as much of the file as its
// format needs to determine the columns.
func (s *Source) Describe(ctx context.Context, table source.Table, format source.Format) (source.Schema, error) {
	rows, err := s.ReadTable(ctx, source.Read{Table: table, Format: format})
	if err != nil {
		return nil, err
	}

	return rows.Schema(), rows.Close()
}

// Overlaps reports whether two names mean the same file, or whether a pattern matches the other file. Two patterns overlap
// if a file exists that matches both. The files of a store that are links to one another are different files.
func (s *Source) Overlaps(ctx context.Context, a, b source.Table) (bool, error) {
	fileA, isPatternA, err := s.parse(a)
	if err != nil {
		return false, err
	}

	fileB, isPatternB, err := s.parse(b)
	if err != nil {
		return false, err
	}

	switch {
	case !isPatternA && !isPatternB:
		return fileA == fileB, nil
	case !isPatternA:
		return matches(b, fileA), nil
	case !isPatternB:
		return matches(a, fileB), nil
	}

	names, err := s.match(ctx, a)
	if err != nil {
		return false, s.named(err, a)
	}

	return slices.ContainsFunc(names, func(name string) bool { return matches(b, name) }), nil
}
