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

// DropFile removes the file that was read, but nothing that has taken its place.
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

// done tells who reads, if they want to know, that a file was read to its end, and in which version. When a pattern is read,
// and then dropped, files may be dropped that came in between; when these are, none is.
func (s *Source) done(read source.Read, name, version string) {
	if read.Done != nil {
		read.Done(source.Part{Table: source.Table{Name: escape(name)}, Version: version})
	}
}
