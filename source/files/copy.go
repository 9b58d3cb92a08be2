package files

import (
	"context"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// CopyTable copies a file from another source of files byte by byte, if the copy has the same format and all of the file is
// requested, so that reading the copy returns the same records. CopyTable also reads the records to count them, and fails at
// the first invalid one. It calls progress after each copied chunk.
func (s *Source) CopyTable(
	ctx context.Context, from source.Reader, read source.Read, write source.Write, progress func(rows int64, of source.Extent),
) (written source.Written, copied bool, err error) {
	other, isFiles := from.(*Source)
	if !isFiles || write.Mode != source.Replace || read.Reject != nil || !sameBytes(read, write) {
		return source.Written{}, false, nil
	}

	name, isPattern, err := other.parse(read.Table)
	if err != nil || isPattern {
		return source.Written{}, false, err
	}

	file, err := other.open(ctx, read.Table)
	if err != nil {
		return source.Written{}, false, err
	}
	defer file.Close() //nolint:errcheck // Only read.

	counted := newTally(ctx, file, name, format.Options{Read: read, Source: other.name})
	total := format.SizeOf(file.file)
	report := func(bytes int64) {
		if progress != nil {
			progress(counted.rows.Load(), source.Extent{Bytes: bytes, TotalBytes: total})
		}
	}

	size, err := s.put(ctx, write.Table, counted, report)

	if ended := counted.close(); err == nil {
		err = ended
	}

	if err != nil {
		return source.Written{}, false, err
	}

	report(size) // The last records are counted after their bytes were reported.
	other.done(read, name, other.store.Version(file.file))

	return source.Written{Rows: counted.rows.Load()}, true, nil
}

// sameBytes reports whether a file can be copied unchanged: the formats are equal, and the whole file is read.
func sameBytes(read source.Read, write source.Write) bool {
	from := format.WithSeparator(read.Format, read.Table.Name)
	to := format.WithSeparator(write.Format, write.Table.Name)

	if header := func(f source.Format) bool { return f.Header == nil || *f.Header }; header(from) != header(to) {
		return false
	}

	from.Header, to.Header = nil, nil

	if !reflect.DeepEqual(from, to) || from.Member != "" || from.Records != "" || from.Sheet != "" || from.Range != "" {
		return false
	}

	return extensions(read.Table.Name) == extensions(write.Table.Name) || from.Type != "" && from.Compression != ""
}

// extensions returns the part of a name that determines the default format: the last extension if it is that of a format, as
// in .csv, and otherwise the last two, as in .csv.gz.
func extensions(name string) string {
	name = strings.ToLower(path.Base(name))
	last := path.Ext(name)

	for _, of := range source.FileTypes() {
		if slices.Contains(of.Extensions, last) {
			return last
		}
	}

	return path.Ext(strings.TrimSuffix(name, last)) + last
}
