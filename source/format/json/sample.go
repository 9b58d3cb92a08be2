package json

import (
	"io"

	"github.com/jobwright/jobwright/source"
)

// The sample, which decides on the columns and their types, ends with the first of these limits.
const (
	sampleRecords = 1_000
	sampleBytes   = 1 << 20
)

// sampled is a record of the sample.
type sampled struct {
	text string
	at   place
}

// sample reads the first records ahead, and infers the columns from them.
func (r *Rows) sample() error {
	for size := 0; len(r.ahead) < sampleRecords && size < sampleBytes; {
		text, at, err := r.records.next()
		if err == io.EOF {
			break
		}

		if err != nil {
			return located(at, err)
		}

		record := sampled{string(text), at}
		r.ahead = append(r.ahead, record)
		size += len(text)

		// Next reports invalid records.
		if r.parser.begin(record.text) == nil {
			if err := r.learn(); err != nil {
				return err
			}
		}
	}

	r.record = make(source.Record, len(r.columns))
	for i := range r.columns {
		_, isNamed := r.types[r.columns[i].name]
		r.schema = append(r.schema, r.columns[i].decide(isNamed))
	}

	return nil
}

// learn adds the columns of the record that the parser began.
func (r *Rows) learn() error {
	for quoted := r.parser.next(); quoted != ""; quoted = r.parser.next() {
		name := unquote(quoted)

		at, known := r.places[name]
		if !known {
			if at = len(r.columns); at == source.MaxColumns {
				return source.TooManyColumns()
			}

			r.places[name] = at
			r.columns = append(r.columns, column{name: name, quoted: quoted})
		}

		r.columns[at].learn(r.parser.value())
	}

	return nil
}
