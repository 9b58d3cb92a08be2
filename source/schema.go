package source

import (
	"encoding/json"
	"slices"
)

// Column describes one column of a table or of a query's result.
type Column struct {
	Name       string
	Updateable bool
	Native     NativeType
	Standard
}

// Schema describes the columns of a table or of a query's result, in order.
type Schema []Column

// Names returns the names of the columns, in order.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i, column := range s {
		names[i] = column.Name
	}

	return names
}

// Indexes returns the index of the first column of each name.
func (s Schema) Indexes() map[string]int {
	indexes := make(map[string]int, len(s))
	for i, column := range slices.Backward(s) {
		indexes[column.Name] = i
	}

	return indexes
}

// standardType is a [Standard] in the JSON of a result's schema.
type standardType struct {
	Name    Type   `json:"name" description:"The name of the type."`
	TypeStr string `json:"typeStr" description:"The type with its arguments, such as decimal(10,2)."`
}

// column is a [Column] in the JSON of a result's schema, which docs/api.md documents.
type column struct {
	Name         string       `json:"name" description:"The name of the column."`
	Updateable   bool         `json:"updateable" description:"Whether the source can change the values of the column."`
	Type         NativeType   `json:"type" description:"The type in the source."`
	TypeStandard standardType `json:"typeStandard" description:"The standard type, which determines the form of the values in records."`
}

// JSONForm returns the struct that describes the JSON of a column.
func (Column) JSONForm() any { return column{} }

// MarshalJSON encodes the column as docs/api.md documents it for a result's schema.
func (c Column) MarshalJSON() ([]byte, error) {
	return json.Marshal(column{
		Name:         c.Name,
		Updateable:   c.Updateable,
		Type:         c.Native,
		TypeStandard: standardType{Name: c.Type, TypeStr: c.String()},
	})
}

// UnmarshalJSON decodes the JSON that [Column.MarshalJSON] encodes.
func (c *Column) UnmarshalJSON(data []byte) error {
	var wire column
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}

	standard, err := ParseStandard(wire.TypeStandard.TypeStr)
	if err != nil {
		return err
	}

	*c = Column{Name: wire.Name, Updateable: wire.Updateable, Native: wire.Type, Standard: standard}

	return nil
}
