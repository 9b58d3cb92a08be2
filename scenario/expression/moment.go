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

// Moment is the context in which expressions are evaluated: the time, the seed of random values, and values that were looked
// up for them.
type Moment struct {
	Now  time.Time // The workflow's time, which is the same on every replay.
	Seed string    // The seed of random values: the job, the step and its round.

	// ReadsTime, if not nil, is called when an expression reads the time.
	ReadsTime func()

	place     string         // The path of the parameter, so that two parameters of a step have different random values.
	cells     map[string]any // By the key of their query.
	variables jsonvalue.Object
}

// At returns the moment for a field or an entry of the current value.
func (m Moment) At(part string) Moment {
	m.place += "\x00" + part

	return m
}

// Query is a query whose first value an expression needs.
type Query struct {
	Source string           `json:"source"`
	Query  string           `json:"query"`
	Bind   jsonvalue.Object `json:"bind,omitempty"` // Values for its :name parameters.
}

// key identifies the query.
func (q Query) key() string {
	encoded, err := json.Marshal(q)
	if err != nil {
		return q.Source + q.Query // Objects always encode.
	}

	return string(encoded)
}

// Missing is the error of expressions that need values which must be looked up first.
type Missing struct { //nolint:errname // It is primarily the list of values to look up.
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

// CollectMissing calls do for each index below count. It collects the values of [Missing] errors, so that one look-up covers
// all of them, and returns at any other error.
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

// With returns the moment with looked-up values: the first cell of each query, and the variables that have a value.
func (m Moment) With(missing *Missing, cells []jsonvalue.Value, variables jsonvalue.Object) (Moment, error) {
	if len(cells) != len(missing.Queries) {
		return m, fmt.Errorf("%d queries were answered with %d values", len(missing.Queries), len(cells))
	}

	found := m
	found.cells, found.variables = map[string]any{}, jsonvalue.Object{}
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

// unset marks a variable of the app that has its default.
var unset = new(struct{})

// cell returns the first cell of a query. The error is [*Missing] if it was not looked up.
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

// momentNames are the names of the functions that read the moment. They are reserved.
var momentNames = []string{"now", "today", "random", "uuid"}

// momentFunctions returns the functions that read the moment.
func momentFunctions(moment Moment) map[string]any {
	drawn := uint64(0)
	draw := func() [sha256.Size]byte {
		drawn++

		return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(moment.Seed+moment.place+"\x00"), drawn))
	}

	now := func() time.Time {
		if moment.ReadsTime != nil {
			moment.ReadsTime()
		}

		return moment.Now.UTC()
	}

	return map[string]any{
		"now":   func() string { return FormatTimestamp(now()) },
		"today": func() string { return now().Format(time.DateOnly) },
		"random": func() float64 {
			sum := draw()

			return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) // A float64 has 53 significant bits.
		},
		"uuid": func() string {
			sum := draw()
			sum[6] = sum[6]&0x0f | 0x80 // Version 8 of RFC 9562: an application-specific format.
			sum[8] = sum[8]&0x3f | 0x80

			return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
		},
	}
}

// FormatTimestamp formats a time as the language does: RFC 3339 in UTC with milliseconds.
func FormatTimestamp(moment time.Time) string {
	return moment.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00")
}
