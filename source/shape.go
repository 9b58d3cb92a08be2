package source

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Naming is what becomes of the names of columns.
type Naming string

// The ways to name columns. Names that become the same are told apart by _2, _3 and so on at their ends, where
// no column is called that.
const (
	Keep        Naming = ""            // Names stay as they are.
	Standardize Naming = "standardize" // Small letters and digits; each run of other characters becomes an underscore.
	ToUpperCase Naming = "toUpperCase"
	ToLowerCase Naming = "toLowerCase"
)

// Shape says which columns of rows are taken, in which order, and how they are called.
type Shape struct {
	Columns     []string          // The columns to take, in that order; all where it is empty.
	Rename      map[string]string // New names for some of them, which stay as they are given here.
	Naming      Naming            // What becomes of the names of the others.
	RecordOrder string            // The name of a further column, the last, with the number of each record, from 1.
}

// Apply returns rows in that shape. A name of a column that rows do not have is an [*Error].
func (s Shape) Apply(rows Rows, sourceName string, table Table) (Rows, error) {
	if len(s.Columns) == 0 && len(s.Rename) == 0 && s.Naming == Keep && s.RecordOrder == "" {
		return rows, nil
	}

	schema := rows.Schema()
	shaped := &shaped{Rows: rows, numbered: s.RecordOrder != ""}

	for _, name := range slices.Sorted(maps.Keys(s.Rename)) {
		if !slices.Contains(schema.Names(), name) {
			return nil, noColumn(sourceName, table, "rename", name, schema)
		}
	}

	columns := s.Columns
	if len(columns) == 0 {
		columns = schema.Names()
	}

	for _, name := range columns {
		at := slices.Index(schema.Names(), name)
		if at < 0 {
			return nil, noColumn(sourceName, table, "columns", name, schema)
		}

		shaped.schema, shaped.from = append(shaped.schema, schema[at]), append(shaped.from, at)
	}

	names, err := s.names(columns, sourceName, table)
	if err != nil {
		return nil, err
	}

	for i, name := range names {
		shaped.schema[i].Name = name
	}

	if shaped.numbered {
		if slices.Contains(shaped.schema.Names(), s.RecordOrder) {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: sourceName, Table: table.String(),
				Message: fmt.Sprintf("there is a column %q already", s.RecordOrder),
				Hint:    "give the column for the order of the records another name",
			}
		}

		shaped.schema = append(shaped.schema, Column{
			Name:     s.RecordOrder,
			Native:   NativeType{Name: string(Integer), TypeStr: string(Integer), Precision: -1},
			Standard: Standard{Type: Integer},
		})
	}

	shaped.record = make(Record, len(shaped.schema))

	return shaped, nil
}

// names is what becomes of the names of columns. Those that [Shape.Rename] gives stay, and belong to one column; the others
// are told apart.
func (s Shape) names(columns []string, sourceName string, table Table) ([]string, error) {
	names, count := make([]string, len(columns)), map[string]int{}

	for i, column := range columns {
		renamed, found := s.Rename[column]
		if !found {
			renamed = s.Naming.name(column, i+1)
		}

		names[i] = renamed
		count[renamed]++
	}

	seen := map[string]bool{}

	for i, column := range columns {
		name := names[i]

		if _, isGiven := s.Rename[column]; isGiven && count[name] > 1 {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: sourceName, Table: table.String(),
				Message: fmt.Sprintf("rename gives two columns the name %q", name),
				Hint:    "give one of them another name in rename",
			}
		}

		for again := 2; seen[names[i]]; again++ {
			if other := fmt.Sprintf("%s_%d", name, again); count[other] == 0 {
				names[i] = other
			}
		}

		seen[names[i]] = true
	}

	return names, nil
}

// name is what becomes of the name of the column with that number.
func (n Naming) name(name string, number int) string {
	switch n {
	case ToUpperCase:
		return strings.ToUpper(name)
	case ToLowerCase:
		return strings.ToLower(name)
	case Standardize:
		standard := strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}), "_")

		switch {
		case standard == "":
			return fmt.Sprintf("column%d", number)
		case standard[0] >= '0' && standard[0] <= '9':
			return "_" + standard
		}

		return standard
	case Keep: // As it is.
	}

	return name
}

// shaped are rows with other columns than those that it wraps.
type shaped struct {
	Rows

	schema   Schema
	from     []int // The place of each column in the records of Rows.
	numbered bool
	count    int64
	record   Record
}

func (s *shaped) Schema() Schema { return s.schema }

func (s *shaped) Next(ctx context.Context) (Record, error) {
	record, err := s.Rows.Next(ctx)
	if err != nil {
		return nil, err
	}

	s.count++

	for to, from := range s.from {
		s.record[to] = record[from]
	}

	if s.numbered {
		s.record[len(s.record)-1] = s.count
	}

	return s.record, nil
}

// Location returns the location of the last record.
func (s *shaped) Location() string { return Location(s.Rows, s.count) }
