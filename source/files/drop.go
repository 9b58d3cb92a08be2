package files

import (
	"context"

	"github.com/jobwright/jobwright/source"
)

// DropTable removes the file, or all files that match the pattern.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	names, _, err := s.files(ctx, table)
	if isMissing(err) {
		return nil
	}

	if err != nil {
		return err
	}

	for _, name := range names {
		if err := s.store.Delete(ctx, name); err != nil {
			return s.named(err, table)
		}
	}

	return nil
}

// DropFile removes the file if it still is the version that was read, and reports whether another version has replaced it.
func (s *Source) DropFile(ctx context.Context, read source.Part) (isOther bool, err error) {
	if read.Version == "" {
		return false, s.DropTable(ctx, read.Table)
	}

	name, err := s.file(read.Table)
	if err != nil {
		return false, err
	}

	isOther, err = s.store.DeleteVersion(ctx, name, read.Version)

	return isOther, s.named(err, read.Table)
}

// done calls read.Done, if set, with a file that was read to its end and its version. Dropping these files, rather than all
// files that match the pattern by then, spares files that were added after the read.
func (s *Source) done(read source.Read, name, version string) {
	if read.Done != nil {
		read.Done(source.Part{Table: source.Table{Name: escape(name)}, Version: version})
	}
}
