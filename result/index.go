package result

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Behind the text of a result set stands where every 1,000th record begins, so that a reader of a page need not go over all
// the records before it. Each entry takes the same number of bytes, a line break and a number behind spaces: so its place can
// be computed, and the whole is a sequence of JSON values still.
const (
	indexStep  = 1_000 // As many records as a page has whose caller does not say how many.
	indexEntry = 20
)

// entriesOf returns how many entries the index of a result set has. The first record needs none.
func entriesOf(records int64) int64 { return max(records-1, 0) / indexStep }

// appendEntry appends an entry to the index: the byte at which a record begins.
func appendEntry(text []byte, at int64) []byte { return fmt.Appendf(text, "\n%*d", indexEntry-1, at) }

func readEntry(text []byte) (at int64, err error) {
	number, isEntry := strings.CutPrefix(string(text), "\n")

	at, err = strconv.ParseInt(strings.TrimLeft(number, " "), 10, 64)
	if err != nil || !isEntry {
		return 0, errDamaged
	}

	return at, nil
}

// find returns a piece of the text that a part is in, from one byte to another: from a record that the index tells, whose
// number it returns, to another one or the end.
func (r *recordReader) find(part Range) (first, from, to int64, err error) {
	begin := part.First / indexStep
	entries := int64(1)

	// A store that is asked for no more than is read can be asked again over the same connection.
	end := entriesOf(r.total) + 1
	if part.Limit < r.total-part.First {
		end = min(end, (part.First+part.Limit-1)/indexStep+1)
	}

	isBounded := end <= entriesOf(r.total)
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

// read reads a piece of the blob.
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
