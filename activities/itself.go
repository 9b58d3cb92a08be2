package activities

import (
	"context"

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
	same, err := overlap(ctx, in, table, written)
	if err != nil || !same {
		return err
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Source: l.params.TargetSource, Table: written.String(),
		Message: message, Hint: "give it another name",
	}
}

// overlap reports whether writing one table of a source changes the other.
func overlap(ctx context.Context, in source.Source, table, other source.Table) (bool, error) {
	if overlapper, ok := in.(source.Overlapper); ok {
		return overlapper.Overlaps(ctx, table, other)
	}

	return table == other, nil
}
