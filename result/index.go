package result

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// In the store, an index follows the text of a result set. It contains the offset of every 1,000th record, so that a reader of
// a page skips fewer than 1,000 records. All entries have the same size, so that the position of an entry can be computed: a
// line break, spaces and the offset. Text and index are together a sequence of JSON values.
const (
	indexStep  = 1_000 // The default size of a page.
	indexEntry = 20
)

// indexLength returns the number of entries in the index of a result set. The first record has none.
func indexLength(records int64) int64 { return max(records-1, 0) / indexStep }

// appendEntry appends the offset of a record to an index.
func appendEntry(text []byte, offset int64) []byte {
	return fmt.Appendf(text, "\n%*d", indexEntry-1, offset)
}

func readEntry(text []byte) (offset int64, err error) {
	number, isEntry := strings.CutPrefix(string(text), "\n")

	offset, err = strconv.ParseInt(strings.TrimLeft(number, " "), 10, 64)
	if err != nil || !isEntry {
		return 0, errDamaged
	}

	return offset, nil
}

// find looks up a range in the index. It returns the offsets of a piece of the text that contains the range, and the number
// of the piece's first record.
func (r *recordReader) find(part Range) (first, from, to int64, err error) {
	begin := part.First / indexStep
	entries := int64(1)

	// The connection to a store can be reused if everything that was requested is read.
	end := indexLength(r.total) + 1
	if part.Limit < r.total-part.First {
		end = min(end, (part.First+part.Limit-1)/indexStep+1)
	}

	isBounded := end <= indexLength(r.total)
	if isBounded {
		entries += end - begin
	}

	text, err := r.read(r.size+(begin-1)*indexEntry, entries*indexEntry)
	if err != nil {
		return 0, 0, 0, err
	}

	if from, err = readEntry(text[:indexEntry]); err != nil {
		return 0, 0, 0, err
	}

	to = r.size
	if isBounded {
		to, err = readEntry(text[len(text)-indexEntry:])
	}

	return begin * indexStep, from, to, err
}

// read reads a piece of the stored blob.
func (r *recordReader) read(offset, length int64) (text []byte, err error) {
	blob, err := r.open(offset, length)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, blob.Close()) }()

	text, err = io.ReadAll(blob)
	if err == nil && int64(len(text)) != length {
		err = errDamaged
	}

	return text, err
}
