package postgres

import (
	"bytes"
	"encoding/hex"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

// COPY's text form is used for tables with a column whose type has no binary encoder in this package. Each record is a line;
// tabs separate the fields, \N is NULL, and a backslash escapes these characters.

// textEncoder returns the encoder of the text form of a standard type.
func textEncoder(of source.Standard) database.Encoder {
	if of.Type == source.Array {
		return arrayTextEncoder(textEncoder(source.Standard{Type: of.Element}))
	}

	if of.Type == source.Binary {
		return database.Encode(func(dst, data []byte) ([]byte, error) {
			return hex.AppendEncode(append(dst, `\x`...), data), nil
		})
	}

	return func(dst []byte, value any) ([]byte, error) { return source.AppendText(dst, of, value) }
}

// arrayTextEncoder returns the encoder of the text form of arrays, for example {"a","b",NULL}.
func arrayTextEncoder(element database.Encoder) database.Encoder {
	var encode database.Encoder

	encode = database.Encode(func(dst []byte, list []any) ([]byte, error) {
		dst = append(dst, '{')

		for i, value := range list {
			if i > 0 {
				dst = append(dst, ',')
			}

			var err error
			if dst, err = appendTextElement(dst, value, encode, element); err != nil {
				return nil, err
			}
		}

		return append(dst, '}'), nil
	})

	return encode
}

func appendTextElement(dst []byte, value any, list, element database.Encoder) ([]byte, error) {
	switch value.(type) {
	case nil:
		return append(dst, "NULL"...), nil
	case []any:
		return list(dst, value)
	}

	text, err := element(nil, value)
	if err != nil {
		return nil, err
	}

	dst = append(dst, '"')

	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}

		dst = append(dst, c)
	}

	return append(dst, '"'), nil
}

// appendTextField appends the field with that index in its record, after a separator.
func appendTextField(dst []byte, index int, value any, encode database.Encoder) ([]byte, error) {
	if index > 0 {
		dst = append(dst, '\t')
	}

	if value == nil {
		return append(dst, `\N`...), nil
	}

	begin := len(dst)

	dst, err := encode(dst, value)
	if err != nil {
		return nil, err
	}

	if bytes.ContainsAny(dst[begin:], "\t\n\r\\") {
		return escapes.Append(dst[:begin], bytes.Clone(dst[begin:])), nil
	}

	return dst, nil
}

// escapes are those of COPY.
var escapes = database.Escapes{'\t': 't', '\n': 'n', '\r': 'r', '\\': '\\'}
