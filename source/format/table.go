package format

import (
	"bufio"
	"context"
	"errors"
	"slices"

	"github.com/jobwright/jobwright/source"
)

// table are the records of one content, with all that is held for them.
type table struct {
	Reader

	free []func() error // In the order in which they came.
}

// Close frees all, the codec first.
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

// openTable returns the records of content that is not compressed anymore. It closes it, also when there is an error.
func openTable(ctx context.Context, content File, c codec, read source.Read) (*table, error) {
	t := &table{free: []func() error{content.Close}}

	if err := t.open(ctx, content, c, read); err != nil {
		return nil, errors.Join(err, t.Close())
	}

	return t, nil
}

func (t *table) open(ctx context.Context, content File, c codec, read source.Read) error {
	if err := c.check(read.Format); err != nil {
		return err
	}

	read.Format.Type = c.Name

	if c.readAt != nil {
		random, size, cleanup, err := Random(ctx, content)
		if err != nil {
			return err
		}

		t.free = append(t.free, cleanup)
		t.Reader, err = c.readAt(random, size, read)

		return err
	}

	// Large chunks pass by the buffer: it is for the first bytes.
	buffered := bufio.NewReaderSize(content, 4<<10)

	if !c.text {
		var err error
		t.Reader, err = c.read(buffered, read)

		return err
	}

	if read.Format.Compression == "" {
		if err := hidden(buffered); err != nil {
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
