package format

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// table are the records of a content, with the resources that they use.
type table struct {
	Reader
	interrupt

	codec   codec
	trimmed []int          // The columns of texts around which spaces are removed. CSV and XLSX remove them themselves.
	free    []func() error // Releases the resources; the last is called first.
}

// NamesColumns implements [ColumnNamer].
func (t *table) NamesColumns() bool { return t.codec.named }

// Next returns the next record. It returns when the context has ended, however many bytes the codec reads for the record.
func (t *table) Next(ctx context.Context) (source.Record, error) {
	t.set(ctx)

	record, err := t.Reader.Next(ctx)
	if err != nil {
		return nil, err
	}

	for _, at := range t.trimmed {
		if text, isText := record[at].(string); isText {
			record[at] = strings.TrimSpace(text)
		}
	}

	return record, nil
}

// trim selects the columns that are trimmed.
func (t *table) trim(f source.Format) {
	if !t.codec.named {
		return
	}

	for i, column := range t.Schema() {
		if column.Type == source.Text && (f.Trim || f.Columns[column.Name].Trim) {
			t.trimmed = append(t.trimmed, i)
		}
	}
}

// Close closes the codec, and releases all resources.
func (t *table) Close() error {
	var err error
	if t.Reader != nil {
		err = t.Reader.Close()
	}

	for _, free := range slices.Backward(t.free) {
		err = errors.Join(err, free())
	}

	t.free = nil

	return err
}

// openTable returns the records of uncompressed content. It closes the content with the records, or if there is an error.
func openTable(ctx context.Context, content File, c codec, read source.Read) (*table, error) {
	t := &table{codec: c, free: []func() error{content.Close}}
	t.set(ctx)

	if err := t.open(ctx, content, c, read); err != nil {
		return nil, errors.Join(err, t.Close())
	}

	t.trim(read.Format)

	return t, nil
}

func (t *table) open(ctx context.Context, content File, c codec, read source.Read) error {
	if err := c.check(read.Format, reads); err != nil {
		return err
	}

	read.Format.Type = c.Name

	if c.random {
		at, size, cleanup, err := random(ctx, content)
		if err != nil {
			return err
		}

		t.free = append(t.free, cleanup)
		t.Reader, err = c.readAt(t.readerAt(at), size, read)

		return err
	}

	// The buffer is for the first bytes. Large reads bypass it.
	buffered := bufio.NewReaderSize(t.reader(content), 4<<10)

	if !c.text {
		var err error
		t.Reader, err = c.read(buffered, read)

		return err
	}

	if read.Format.Compression == "" {
		if err := checkUncompressed(buffered); err != nil {
			return err
		}
	}

	text, encoding, err := decode(buffered, read.Format.Encoding)
	if err != nil {
		return err
	}

	read.Format.Encoding = encoding
	t.Reader, err = c.read(text, read)

	return err
}
