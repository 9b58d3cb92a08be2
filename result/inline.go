package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
)

// unfold returns the text of an inline result set in the form of the store, with one line per record, and a reference that
// matches this text.
func unfold(result job.Result) ([]byte, job.Result, error) {
	var set struct {
		Schema  json.RawMessage   `json:"schema"`
		Records []json.RawMessage `json:"records"`
	}

	if err := json.Unmarshal(result.Inline, &set); err != nil {
		return nil, result, fmt.Errorf("the inline result of a job can't be decoded: %w", err)
	}

	var text bytes.Buffer

	text.WriteString(schemaOpening)
	text.Write(set.Schema)
	text.WriteString(schemaClosing)

	result.SchemaBytes = int64(text.Len())

	text.WriteString(recordsOpening)

	for i, record := range set.Records {
		if i > 0 {
			text.WriteString(recordBreak)
		}

		text.Write(record)
	}

	text.WriteString(recordsClosing)

	return text.Bytes(), result, nil
}

// textReader reads a result set in memory.
type textReader struct{ *bytes.Reader }

// openText returns a reader of a text from an offset.
func openText(text []byte, offset int64) blobReader {
	reader := textReader{bytes.NewReader(text)}
	_, _ = reader.Seek(offset, io.SeekStart) // An offset behind the end gives an empty reader.

	return reader
}

func (textReader) Close() error { return nil }
