package files

import (
	"context"
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// countTo is the number of files up to which [Source.Check] counts: a bucket lists as many in one answer.
const countTo = 1_000

// Source is a store whose files are tables.
type Source struct {
	name  string
	store Store
}

var (
	_ source.Reader      = (*Source)(nil)
	_ source.Writer      = (*Source)(nil)
	_ source.Copier      = (*Source)(nil)
	_ source.FileDropper = (*Source)(nil)
	_ source.FileKeeper  = (*Source)(nil)
	_ source.Describer   = (*Source)(nil)
	_ source.Overlapper  = (*Source)(nil)
)

// New returns a source of the given name. Closing the source closes the store.
func New(name string, store Store) *Source { return &Source{name: name, store: store} }

// Close closes the store.
func (s *Source) Close() error { return s.store.Close() }

// Check lists the first files of the store and describes the store with their number.
func (s *Source) Check(ctx context.Context) (string, error) {
	count := 0

	for name, err := range s.store.List(ctx, "", true) {
		if err != nil {
			return "", s.named(err, source.Table{})
		}

		if reserved(name) {
			continue
		}

		if count == countTo {
			return fmt.Sprintf("%s, with more than %d files", s.store, countTo), nil
		}

		count++
	}

	return fmt.Sprintf("%s, with %s", s.store, source.Count(int64(count), "file")), nil
}
