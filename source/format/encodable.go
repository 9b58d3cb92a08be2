package format

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// encodable is a writer that refuses text with characters that an encoding does not have.
type encodable struct {
	Writer

	schema  source.Schema
	name    string
	encoder *encoding.Encoder
	decoder *encoding.Decoder
	text    []byte
	records int64
}

func newEncodable(name string, in encoding.Encoding, schema source.Schema) (*encodable, error) {
	e := &encodable{schema: schema, name: name, encoder: in.NewEncoder(), decoder: in.NewDecoder()}

	for i, column := range schema {
		if text, valid := e.represents(column.Name); !valid {
			return nil, e.impossible(fmt.Sprintf("the name of column %d", i+1), text)
		}
	}

	return e, nil
}

// Append writes a record, or reports the value that the encoding cannot represent.
func (e *encodable) Append(record source.Record) error {
	e.records++

	for i, value := range record {
		switch v := value.(type) {
		case string:
			if text, valid := e.represents(v); !valid {
				return e.impossible(e.place(i), text)
			}
		case json.RawMessage, []any:
			var err error
			if e.text, err = source.AppendText(e.text[:0], e.schema[i].Standard, v); err != nil {
				continue // The codec reports it.
			}

			if text, valid := e.represents(string(e.text)); !valid {
				return e.impossible(e.place(i), text)
			}
		}
	}

	return e.Writer.Append(record)
}

func (e *encodable) place(column int) string {
	return fmt.Sprintf("record %d, column %q", e.records, e.schema[column].Name)
}

// represents reports whether a text is unchanged after encoding and decoding, or returns the first character that is not. Some
// encodings replace a character by a similar one.
func (e *encodable) represents(text string) (character string, valid bool) {
	if e.same(text) {
		return "", true
	}

	for _, r := range text {
		if !e.same(string(r)) {
			return string(r), false
		}
	}

	return text, false
}

func (e *encodable) same(text string) bool {
	if isPlain(text) {
		return true
	}

	encoded, err := e.encoder.String(text)
	if err != nil {
		return false
	}

	decoded, err := e.decoder.String(encoded)

	return err == nil && decoded == text
}

// isPlain reports whether text contains only characters that all encodings have. Some use control characters for themselves.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || (c < ' ' && c != '\t' && c != '\n' && c != '\r') {
			return false
		}
	}

	return true
}

func (e *encodable) impossible(place, character string) error {
	return content.Invalid(fmt.Sprintf("%s: the encoding %s does not have the character %q", place, e.name, character),
		"set the format's encoding to utf-8")
}
