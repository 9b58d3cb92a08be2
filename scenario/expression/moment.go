package expression

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Moment is what expressions read of the time and the place at which they are evaluated, and what was looked up for them.
type Moment struct {
	Now  time.Time // The workflow's time, which is the same on every replay.
	Seed string    // Where random values come from: the job, the step and its round.

	place     string         // Which parameter the expression stands in, so that two of a step draw different values.
	cells     map[string]any // By the key of their query.
	variables jsonvalue.Object
}

// at returns the moment for what stands below a name or a number.
func (m Moment) At(part string) Moment {
	m.place += "\x00" + part

	return m
}

// Query asks a source for records.
type Query struct {
	Source string           `json:"source"`
	Query  string           `json:"query"`
	Bind   jsonvalue.Object `json:"bind,omitempty"` // Values for its :name parameters.
}

// key identifies the query.
func (q Query) key() string {
	encoded, err := json.Marshal(q)
	if err != nil {
		return q.Source + q.Query // Params always encode.
	}

	return string(encoded)
}

// Missing is the error for expressions that can't be evaluated before something was looked up.
type Missing struct { //nolint:errname // It is what to look up, and an error only on its way.
	Queries   []Query
	Variables []string // Variables of the app.
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%d queries and %d variables have to be looked up", len(m.Queries), len(m.Variables))
}

func (m *Missing) isNothing() bool { return len(m.Queries) == 0 && len(m.Variables) == 0 }

func (m *Missing) add(other *Missing) {
	for _, query := range other.Queries {
		if !slices.ContainsFunc(m.Queries, func(q Query) bool { return q.key() == query.key() }) {
			m.Queries = append(m.Queries, query)
		}
	}

	for _, name := range other.Variables {
		if !slices.Contains(m.Variables, name) {
			m.Variables = append(m.Variables, name)
		}
	}
}

// missingOf runs do for each of count parts. What the parts lack is collected, so that it is looked up at once; any other
// error ends it.
func CollectMissing(count int, do func(i int) error) error {
	var missing Missing

	for i := range count {
		err := do(i)

		if lacks, ok := errors.AsType[*Missing](err); ok {
			missing.add(lacks)
		} else if err != nil {
			return err
		}
	}

	if !missing.isNothing() {
		return &missing
	}

	return nil
}

// With returns the moment with what was looked up: the first cell of each query, and the variables that have a value.
func (m Moment) With(missing *Missing, cells []jsonvalue.Value, variables jsonvalue.Object) (Moment, error) {
	if len(cells) != len(missing.Queries) {
		return m, fmt.Errorf("%d queries were answered with %d values", len(missing.Queries), len(cells))
	}

	found := Moment{Now: m.Now, Seed: m.Seed, place: m.place, cells: map[string]any{}, variables: jsonvalue.Object{}}
	maps.Copy(found.cells, m.cells)
	maps.Copy(found.variables, m.variables)

	for i, query := range missing.Queries {
		found.cells[query.key()] = cells[i].Any
	}

	for _, name := range missing.Variables {
		if value, set := variables[name]; set {
			found.variables[name] = value
		} else {
			found.variables[name] = unset
		}
	}

	return found, nil
}

// unset stands for a variable of the app that has its default.
var unset = new(struct{})

// cell returns what a query found, or that it is missing.
func (m Moment) cell(query Query) (any, error) {
	value, found := m.cells[query.key()]
	if !found {
		return nil, &Missing{Queries: []Query{query}}
	}

	return value, nil
}

// Variable returns the value of a variable of the app, and whether a job has set it. The error is [*Missing] if the variable
// must be looked up first.
func (m Moment) Variable(name string) (value any, isSet bool, err error) {
	value, found := m.variables[name]

	switch {
	case !found:
		return nil, false, &Missing{Variables: []string{name}}
	case value == unset:
		return nil, false, nil
	default:
		return value, true, nil
	}
}

// momentNames are the names of the functions that read the moment; nothing else can have them.
var momentNames = []string{"now", "today", "random", "uuid"}

// momentFunctions are the functions that read the moment.
func momentFunctions(moment Moment) map[string]any {
	drawn := uint64(0)
	draw := func() [sha256.Size]byte {
		drawn++

		return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(moment.Seed+moment.place+"\x00"), drawn))
	}

	return map[string]any{
		"now":   func() string { return FormatTimestamp(moment.Now) },
		"today": func() string { return moment.Now.UTC().Format(time.DateOnly) },
		"random": func() float64 {
			sum := draw()

			return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) // As many bits as a float64 has.
		},
		"uuid": func() string {
			sum := draw()
			sum[6] = sum[6]&0x0f | 0x80 // Version 8 of RFC 9562: made in a way of one's own.
			sum[8] = sum[8]&0x3f | 0x80

			return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
		},
	}
}

// formatTimestamp writes a moment as the language does: RFC 3339 in UTC, to the millisecond.
func FormatTimestamp(moment time.Time) string {
	return moment.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00")
}
