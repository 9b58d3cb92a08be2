package json

import (
	"errors"
	"io"

	"github.com/jobwright/jobwright/source"
)

// The sample that columns and their types are learnt from ends with whichever of these comes first.
const (
	sampleRecords = 1_000
	sampleBytes   = 1 << 20
)

// sampled is a record of the sample.
type sampled struct {
	text string
	at   place
}

// sample reads the first records ahead, and learns the columns from them.
func (r *Rows) sample() error {
	for size := 0; len(r.ahead) < sampleRecords && size < sampleBytes; {
		text, at, err := r.records.next()
		if errors.Is(err, io.EOF) {
			break
		}

		if err != nil {
			return located(at, err)
		}

		record := sampled{string(text), at}
		r.ahead = append(r.ahead, record)
		size += len(text)

		// What is wrong with it is told when its turn comes.
		if r.parser.check(record.text) == nil {
			r.learn(record.text)
		}
	}

	r.record = make(source.Record, len(r.columns))
	for i := range r.columns {
		_, isNamed := r.types[r.columns[i].name]
		r.schema = append(r.schema, r.columns[i].decide(isNamed))
	}

	return nil
}

// learn takes the columns of a record that can be read.
func (r *Rows) learn(text string) {
	_ = r.parser.begin(text)

	for first := true; ; first = false {
		name, found, _ := r.parser.member(first)
		if !found {
			return
		}

		at, known := r.places[name]
		if !known {
			at = len(r.columns)
			r.places[name] = at
			r.columns = append(r.columns, column{name: name})
		}

		v, _ := r.parser.value()
		r.columns[at].learn(v)
	}
}
