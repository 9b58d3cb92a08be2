package activities

import (
	"context"
	"path"
	"regexp"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/jobwright/jobwright/source"
)

// distinct holds that the tables of a load are different ones: what takes the place of the table that is read would be all
// that is left of it. Validation can't tell where names are computed, or where the source has several for one table.
func (l *load) distinct(ctx context.Context) error {
	in, release, err := open[source.Source](ctx, l.step, l.params.TargetSource, "be written to")
	if err != nil {
		return err
	}

	defer release()

	target := l.target().write.Table
	rejects := source.Table{Space: target.Space, Name: l.params.RejectTable}

	if l.params.RejectTable != "" {
		if err := l.apart(ctx, in, target, rejects, "the rejectTable would take the place of the target"); err != nil {
			return err
		}
	}

	if l.params.Source != l.params.TargetSource {
		return nil
	}

	if err := l.apart(ctx, in, l.read.Table, target, "a table can't be loaded over itself"); err != nil {
		return err
	}

	if l.params.RejectTable == "" {
		return nil
	}

	return l.apart(ctx, in, l.read.Table, rejects, "the rejectTable would take the place of the table that is read")
}

// apart returns an error with that message where what is written to one table changes the other.
func (l *load) apart(ctx context.Context, in source.Source, table, written source.Table, message string) error {
	same, err := includes(ctx, in, table, written)
	if err != nil || !same {
		return err
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: l.params.TargetSource, Table: written.String(),
		Message: message, Hint: "give it another name",
	}
}

// includes reports whether a table is another one, or has it as one of its files.
func includes(ctx context.Context, in source.Source, table, other source.Table) (bool, error) {
	if _, hasFiles := in.(source.FileKeeper); hasFiles {
		pattern := path.Join(special.ReplaceAllString(table.Space, `\$0`), table.Name)
		file := path.Join(other.Space, escaped.ReplaceAllString(other.Name, "$1"))

		return doublestar.MatchUnvalidated(pattern, file), nil
	}

	resolver, hasNames := in.(source.Resolver)
	if !hasNames {
		return table == other, nil
	}

	one, err := resolver.ResolveTable(ctx, table)
	if err != nil {
		return false, err
	}

	another, err := resolver.ResolveTable(ctx, other)

	return one == another, err
}

// special are the characters that make a file's name a pattern, and escaped those that a backslash keeps from that.
var (
	special = regexp.MustCompile(`[*?\[{\\]`)
	escaped = regexp.MustCompile(`\\(.)`)
)
