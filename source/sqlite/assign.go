package sqlite

import (
	"fmt"

	"github.com/jobwright/jobwright/source"
)

// assign turns a value into one of the type that the column of a table has. What can't be held exactly is an error.
func assign(from, to source.Standard, value any) (any, error) {
	if integer, isInteger := value.(int64); isInteger && to.Type == source.Float && !isExact(integer) {
		return nil, fmt.Errorf("%d has more digits than a float", integer) // A greater one is not read as a float again.
	}

	return source.ConvertValue(from, to, value)
}
