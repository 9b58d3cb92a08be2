package json

import "bytes"

// lines are the records of NDJSON.
type lines struct{ stream *stream }

func (l *lines) next() ([]byte, place, error) {
	for {
		at := place{line: l.stream.line}

		line, err := l.stream.textLine()
		if err != nil {
			return nil, at, err
		}

		if line = bytes.Trim(line, " \t\r\n"); len(line) > 0 {
			return line, at, nil
		}
	}
}
