package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jobwright/jobwright/job"
)

// unfold returns the text of a result set that is part of the reference to it as the store would hold it, with each record
// on a line of its own, and a reference that fits that.
func unfold(result job.Result) ([]byte, job.Result, error) {
	var set struct {
		Schema  json.RawMessage   `json:"schema"`
		Records []json.RawMessage `json:"records"`
	}

	if err := json.Unmarshal(result.Inline, &set); err != nil {
		return nil, result, fmt.Errorf("a result that the job holds can't be read: %w", err)
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

// textReader reads a result set that is held in memory.
type textReader struct{ *bytes.Reader }

// openText reads a text from an offset on.
func openText(text []byte, offset int64) blobReader {
	reader := textReader{bytes.NewReader(text)}
	_, _ = reader.Seek(offset, io.SeekStart) // Behind the end, there is nothing to be read.

	return reader
}

func (textReader) Close() error { return nil }
