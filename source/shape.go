package source

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Naming is a rule that changes the names of columns.
type Naming string

// The rules for names of columns. A rule appends _2, _3 and so on to a name that another column has already.
const (
	Unchanged   Naming = ""
	Standardize Naming = "standardize" // Lower-case letters and digits; an underscore replaces other characters.
	ToUpperCase Naming = "toUpperCase"
	ToLowerCase Naming = "toLowerCase"
)

// Shape selects, orders and renames the columns of rows.
type Shape struct {
	Columns     []string          // The selected columns, in order; all columns if it is empty.
	Rename      map[string]string // New names of columns, by their names. Naming does not change the new names.
	Naming      Naming            // The rule for the names of the other columns.
	RecordOrder string            // The name of an additional last column with the number of the record, from 1; empty for none.
}

// Apply returns rows in that shape. If rows lack a column that the shape names, it returns an [*Error].
func (s Shape) Apply(rows Rows, sourceName string, table Table) (Rows, error) {
	if len(s.Columns) == 0 && len(s.Rename) == 0 && s.Naming == Unchanged && s.RecordOrder == "" {
		return rows, nil
	}

	schema := rows.Schema()
	indexes := schema.Indexes()
	shaped := &shaped{Rows: rows, numbered: s.RecordOrder != ""}

	for _, name := range slices.Sorted(maps.Keys(s.Rename)) {
		if _, exists := indexes[name]; !exists {
			return nil, noColumn(sourceName, table, "rename", name, schema)
		}
	}

	columns := s.Columns
	if len(columns) == 0 {
		columns = schema.Names()
	}

	for _, name := range columns {
		at, exists := indexes[name]
		if !exists {
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
				Message: fmt.Sprintf("a column %q exists already", s.RecordOrder),
				Hint:    "choose another name for the column with the order of the records",
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

// Names returns the names of the columns of rows in that shape, if the rows have these columns.
func (s Shape) Names(columns []string) ([]string, error) {
	if len(s.Columns) > 0 {
		columns = s.Columns
	}

	names, err := s.names(columns, "", Table{})
	if err == nil && s.RecordOrder != "" {
		names = append(names, s.RecordOrder)
	}

	return names, err
}

// names returns the new names of columns. A name in [Shape.Rename] that another column has too is an error; numbers make the
// other names unique.
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

	seen, last := map[string]bool{}, map[string]int{} // last contains the last number that was appended to a name.

	for i, column := range columns {
		name := names[i]

		if _, isGiven := s.Rename[column]; isGiven && count[name] > 1 {
			return nil, &Error{
				Code: CodeRecordInvalid, Source: sourceName, Table: table.String(),
				Message: fmt.Sprintf("rename gives two columns the name %q", name),
				Hint:    "choose another name in rename for one of the columns",
			}
		}

		for seen[names[i]] {
			last[name] = max(last[name], 1) + 1
			if candidate := fmt.Sprintf("%s_%d", name, last[name]); count[candidate] == 0 {
				names[i] = candidate
			}
		}

		seen[names[i]] = true
	}

	return names, nil
}

// name returns the new name of a column. number is the column's number, from 1.
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
	case Unchanged:
	}

	return name
}

// shaped returns the records of the wrapped rows in another shape.
type shaped struct {
	Rows

	schema   Schema
	from     []int // The index of each column in the records of Rows.
	numbered bool  // Whether the last column is the number of the record.
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
