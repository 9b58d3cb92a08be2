package files

import (
	"context"
	"io"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// OpenFile opens a file to read its bytes. The context must last until the file is closed.
func (s *Source) OpenFile(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := s.open(ctx, source.Table{Name: name})
	if err != nil {
		return nil, err
	}

	if sizer, isSized := file.file.(format.Sizer); isSized {
		return sizedFile{file, sizer}, nil
	}

	return file, nil
}

// sizedFile is a file whose size is known.
type sizedFile struct {
	*namedFile
	format.Sizer
}

// WriteFile creates or replaces a file atomically and returns its size in bytes. It creates missing folders.
func (s *Source) WriteFile(ctx context.Context, name string, content io.Reader) (int64, error) {
	return s.put(ctx, source.Table{Name: name}, content, nil)
}

// open opens the file of a table whose name is not a pattern.
func (s *Source) open(ctx context.Context, table source.Table) (*namedFile, error) {
	name, err := s.file(table)
	if err != nil {
		return nil, err
	}

	file, err := s.store.Open(ctx, name)
	if err != nil {
		return nil, s.named(err, table)
	}

	return &namedFile{file: file, source: s, table: table}, nil
}

// namedFile is a file whose errors name the source and the table.
type namedFile struct {
	file   format.File
	source *Source
	table  source.Table
}

func (f *namedFile) Read(chunk []byte) (int, error) {
	length, err := f.file.Read(chunk)

	return length, f.source.named(err, f.table)
}

func (f *namedFile) Close() error { return f.file.Close() }

// put writes content to the file of a table whose name is not a pattern. It calls progress, if set, with the number of bytes
// written so far.
func (s *Source) put(ctx context.Context, table source.Table, content io.Reader, progress func(bytes int64)) (int64, error) {
	name, err := s.file(table)
	if err != nil {
		return 0, err
	}

	draft, err := s.store.Create(ctx, name)
	if err != nil {
		return 0, s.named(err, table)
	}

	size, err := s.transfer(ctx, table, draft, content, progress)
	if err == nil {
		err = s.named(draft.Commit(), table)
	}

	if err != nil {
		return 0, s.aborted(draft, err, table)
	}

	return size, nil
}

// transfer writes content to a draft. An error of the content is returned unchanged.
func (s *Source) transfer(
	ctx context.Context, table source.Table, draft Draft, content io.Reader, progress func(bytes int64),
) (size int64, err error) {
	chunk := make([]byte, buffer)

	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}

		length, err := content.Read(chunk)
		if _, failed := draft.Write(chunk[:length]); failed != nil {
			return size, s.named(failed, table)
		}

		if size += int64(length); progress != nil && length > 0 {
			progress(size)
		}

		if err == io.EOF {
			return size, nil
		}

		if err != nil {
			return size, err
		}
	}
}
