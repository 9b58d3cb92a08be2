package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/klauspost/compress/zip"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// members returns the members of a zip file that match a pattern, or all members, ordered by name like the files of a folder. The
// metadata that macOS adds to each file is excluded.
func members(archive *zip.Reader, pattern string) ([]*zip.File, error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, content.Unsupported(fmt.Sprintf("the member %q is neither a name nor a pattern", pattern),
			"close its brackets")
	}

	var found []*zip.File

	names := make([]string, 0, len(archive.File))

	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}

		names = append(names, file.Name)

		wanted := !strings.HasPrefix(file.Name, "__MACOSX/")
		if pattern != "" {
			wanted = file.Name == pattern || doublestar.MatchUnvalidated(pattern, file.Name)
		}

		if wanted {
			found = append(found, file)
		}
	}

	slices.SortStableFunc(found, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })

	switch {
	case len(found) > 0:
		return found, nil
	case pattern == "":
		return nil, &Problem{Message: "the zip file is empty", Hint: "add the table to it as a file"}
	}

	return nil, &Problem{
		Message: fmt.Sprintf("the zip file has no member %q", pattern), Hint: "it has " + strings.Join(shortened(names), ", "),
	}
}

// shortened returns as many names as a message shows.
func shortened(names []string) []string {
	const most = 20

	if len(names) > most {
		return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}

	return names
}

// zipRows are the records of all members of a zip file.
type zipRows struct {
	archive *table      // The resources of the zip file.
	members []*zip.File // The members that were not opened yet.
	name    string      // The name of the zip file without its extension.
	options Options
	origin  *origin

	first  string // The name of the first member.
	schema source.Schema
	member string // The name of the open member.
	rows   *table
	shaped source.Rows // The records of rows, with the columns in the order of the schema.
}

// openZip returns the records of the members of a zip file. It closes the file with the records, or if there is an error.
func openZip(ctx context.Context, file File, from *origin, name string, options Options) (*zipRows, error) {
	z := &zipRows{archive: &table{free: []func() error{file.Close}}, name: name, options: options, origin: from}

	err := z.openArchive(ctx, file)
	if err == nil {
		err = z.openMember(ctx)
	}

	if err != nil {
		return nil, errors.Join(err, z.Close())
	}

	z.first, z.schema, z.shaped = z.member, z.rows.Schema(), z.rows

	return z, nil
}

func (z *zipRows) openArchive(ctx context.Context, file File) error {
	at, size, cleanup, err := random(ctx, file)
	if err != nil {
		return err
	}

	z.archive.free = append(z.archive.free, cleanup)

	archive, err := zip.NewReader(at, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // No file is written to such a path.
		return &Problem{
			Message: fmt.Sprintf("the zip file cannot be read: %v", err),
			Hint:    "the file was cut off or damaged, or it has another compression: set the format's compression",
		}
	}

	z.members, err = members(archive, z.options.Format.Member)

	return err
}

// openMember opens the next member.
func (z *zipRows) openMember(ctx context.Context) error {
	member := z.members[0]
	z.member, z.members = member.Name, z.members[1:]

	c, err := z.choose()
	if err != nil {
		return err
	}

	if member.Flags&1 != 0 {
		return &Problem{Location: z.member, Message: "the member is encrypted", Hint: "zip it without a password"}
	}

	opened, err := member.Open()
	if err != nil {
		return &Problem{
			Location: z.member,
			Message:  fmt.Sprintf("the member cannot be opened: %v", err),
			Hint:     "compress it with the method deflate",
		}
	}

	unzipped := &extracted{Reader: opened, name: zipped, location: z.member, origin: z.origin, close: func() error {
		opened.Close() // It returns again the error that Read returned.

		return nil
	}}

	read := z.options.Read
	read.Format, read.Reject = WithSeparator(read.Format, z.member), z.reject()
	z.rows, err = openTable(ctx, unzipped, c, read)

	return z.within(err)
}

// choose returns the codec of a member, by its name or else by that of the zip file.
func (z *zipRows) choose() (codec, error) {
	name := z.member
	if source.TypeByExtension(source.FileTypes(), name) < 0 && source.TypeByExtension(source.FileTypes(), z.name) >= 0 {
		name = z.name
	}

	c, err := choose(name, z.options.Format)
	if err != nil {
		return codec{}, err
	}

	return c, nil
}

// reject returns a Reject that adds the member to the location of records.
func (z *zipRows) reject() func(source.Reject) error {
	if z.options.Reject == nil {
		return nil
	}

	member := z.member

	return func(record source.Reject) error {
		record.Location = member + ", " + record.Location

		return z.options.Reject(record)
	}
}

// within adds the member to an error about its content.
func (z *zipRows) within(err error) error {
	if problem, ok := errors.AsType[*Problem](err); ok && problem.Location == "" {
		return &Problem{Location: z.member, Message: problem.Message, Hint: problem.Hint}
	}

	wrong, ok := errors.AsType[*source.Error](err)
	if !ok || wrong.Source != "" {
		return err
	}

	named := *wrong
	named.Message = z.member + ", " + named.Message

	return &named
}

// Schema returns the columns that all members have.
func (z *zipRows) Schema() source.Schema { return z.schema }

// NamesColumns implements [ColumnNamer].
func (z *zipRows) NamesColumns() bool { return z.rows.NamesColumns() }

// Location returns the name of the member and the location in it.
func (z *zipRows) Location() string { return z.member + ", " + z.rows.Location() }

// Next returns the next record of the member, or the first record of the next member.
func (z *zipRows) Next(ctx context.Context) (source.Record, error) {
	for {
		record, err := z.shaped.Next(ctx)
		if err != io.EOF || len(z.members) == 0 {
			return record, z.within(err)
		}

		if err := z.rows.Close(); err != nil {
			return nil, err
		}

		if err := z.openMember(ctx); err != nil {
			return nil, err
		}

		z.shaped = InOrder(z.rows, z.schema)

		if difference := Difference(z.schema, z.shaped.Schema()); difference != "" {
			return nil, &Problem{
				Location: z.member,
				Message:  fmt.Sprintf("its columns are not those of %s: %s", z.first, difference),
				Hint:     "give all members the same columns, or set the format's member",
			}
		}
	}
}

// Close closes the open member and the file.
func (z *zipRows) Close() error {
	var err error
	if z.rows != nil {
		err = z.rows.Close()
	}

	return errors.Join(err, z.archive.Close())
}

// newMember returns a writer of a zip file with a single member, and the closer that completes the zip file.
func newMember(w io.Writer, name string) (io.Writer, io.Closer, error) {
	archive := zip.NewWriter(w)

	member, err := archive.Create(name)

	return member, archive, err
}

// memberName returns the name of the member to write: that of the format, or that of the zip file without its extension.
func memberName(inner string, f source.Format) (string, error) {
	if strings.ContainsAny(f.Member, `*?[{\`) || strings.HasSuffix(f.Member, "/") {
		return "", content.Unsupported(fmt.Sprintf("the member %q is not the name of a file", f.Member),
			"use a name without wildcards")
	}

	if f.Member != "" {
		return f.Member, nil
	}

	name := path.Base(inner)
	if at := source.TypeByName(source.FileTypes(), f.Type); at >= 0 && source.TypeByExtension(source.FileTypes(), name) < 0 {
		name += codecs[at].Extensions[0]
	}

	return name, nil
}
