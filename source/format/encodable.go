package format

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"github.com/jobwright/jobwright/source"
)

// encodable passes on the records whose text an encoding can hold.
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
		if text, holds := e.holds(column.Name); !holds {
			return nil, e.impossible(fmt.Sprintf("the name of column %d", i+1), text)
		}
	}

	return e, nil
}

// Append passes a record on, or names the value that the encoding can't hold.
func (e *encodable) Append(record source.Record) error {
	e.records++

	for i, value := range record {
		switch v := value.(type) {
		case string:
			if text, holds := e.holds(v); !holds {
				return e.impossible(e.place(i), text)
			}
		case json.RawMessage, []any:
			var err error
			if e.text, err = source.AppendText(e.text[:0], e.schema[i].Standard, v); err != nil {
				continue // The codec tells it.
			}

			if text, holds := e.holds(string(e.text)); !holds {
				return e.impossible(e.place(i), text)
			}
		}
	}

	return e.Writer.Append(record)
}

func (e *encodable) place(column int) string {
	return fmt.Sprintf("record %d, column %q", e.records, e.schema[column].Name)
}

// holds reports whether a text is the same after it was written and read, or else the first character that is not. Some
// encodings write a character as another one that looks similar.
func (e *encodable) holds(text string) (character string, holds bool) {
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

// isPlain reports whether text is made of characters that all encodings have. Some give control characters a meaning.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || (c < ' ' && c != '\t' && c != '\n' && c != '\r') {
			return false
		}
	}

	return true
}

func (e *encodable) impossible(place, character string) error {
	return &source.Error{
		Code:    source.CodeRecordInvalid,
		Message: fmt.Sprintf("%s: the encoding %s does not have the character %q", place, e.name, character),
		Hint:    "give the format the encoding utf-8, which has them all",
	}
}
