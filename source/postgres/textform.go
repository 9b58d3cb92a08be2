package postgres

import (
	"encoding/hex"

	"github.com/jobwright/jobwright/source"
)

// A table with a column of a type whose binary form this driver does not know is written in COPY's text form: a line for
// each record, with tabs between the fields, \N for NULL, and a backslash before what would be taken for one of these.

// showText returns how a value of a standard type is shown as PostgreSQL reads it.
func showText(of source.Standard) encoder {
	if of.Type == source.Array {
		return showArray(showText(source.Standard{Type: of.Element}))
	}

	if of.Type == source.Binary {
		return func(dst []byte, value any) ([]byte, error) {
			data, ok := value.([]byte)
			if !ok {
				return nil, strange(value)
			}

			return hex.AppendEncode(append(dst, `\x`...), data), nil
		}
	}

	return func(dst []byte, value any) ([]byte, error) { return source.AppendText(dst, of, value) }
}

// showArray shows arrays of what element shows.
func showArray(element encoder) encoder {
	var show func(dst []byte, value any) ([]byte, error)

	show = func(dst []byte, value any) ([]byte, error) {
		list, ok := value.([]any)
		if !ok {
			return nil, strange(value)
		}

		dst = append(dst, '{')

		for i, value := range list {
			if i > 0 {
				dst = append(dst, ',')
			}

			var err error
			if dst, err = showElement(dst, value, show, element); err != nil {
				return nil, err
			}
		}

		return append(dst, '}'), nil
	}

	return show
}

func showElement(dst []byte, value any, list, element encoder) ([]byte, error) {
	switch value.(type) {
	case nil:
		return append(dst, "NULL"...), nil
	case []any:
		return list(dst, value)
	}

	shown, err := element(nil, value)
	if err != nil {
		return nil, err
	}

	dst = append(dst, '"')

	for _, c := range shown {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}

		dst = append(dst, c)
	}

	return append(dst, '"'), nil
}

// encodeLine appends a value as a field of a line.
func encodeLine(dst []byte, value any, show encoder) ([]byte, error) {
	if value == nil {
		return append(dst, `\N`...), nil
	}

	begin := len(dst)

	dst, err := show(dst, value)
	if err != nil {
		return nil, err
	}

	for i := begin; i < len(dst); i++ {
		if special(dst[i]) {
			shown := string(dst[i:])

			return escape(dst[:i], shown), nil
		}
	}

	return dst, nil
}

func special(c byte) bool { return c == '\\' || c == '\t' || c == '\n' || c == '\r' }

func escape(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\\':
			dst = append(dst, `\\`...)
		default:
			dst = append(dst, c)
		}
	}

	return dst
}
