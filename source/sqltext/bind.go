package sqltext

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// Bind replaces the parameters :name of a statement with the database's placeholders, and the parameters :"name" with the
// quoted names that are their values. values are the values of the placeholders, in order, and used contains the names of the
// parameters. A parameter without a value in bind is an error, and so is a list or an object.
func (d Dialect) Bind(statement string, bind map[string]any) (text string, values []any, used map[string]bool, err error) {
	var written strings.Builder

	used = map[string]bool{}
	numbers := map[string]int{}

	for tokens := (&scanner{dialect: d, rest: statement}); ; {
		found, ok := tokens.next()
		if !ok {
			return written.String(), values, used, nil
		}

		if found.kind != parameter && found.kind != nameParameter {
			written.WriteString(found.text)

			continue
		}

		name := strings.Trim(found.text, `:"`)

		value, given := bind[name]
		if !given {
			return "", nil, nil, fmt.Errorf("the parameter %s has no value; %s", found.text, valuesOf(bind))
		}

		used[name] = true

		if found.kind == nameParameter {
			quoted, err := d.QuoteName(value)
			if err != nil {
				return "", nil, nil, fmt.Errorf("the parameter %s: %w", found.text, err)
			}

			written.WriteString(quoted)

			continue
		}

		if err := checkValue(value); err != nil {
			return "", nil, nil, fmt.Errorf("the parameter %s: %w", found.text, err)
		}

		// If placeholders have no numbers, each of them requires a value.
		if numbers[name] == 0 || d.Placeholder(1) == d.Placeholder(2) {
			values = append(values, value)
			numbers[name] = len(values)
		}

		placeholder := d.Placeholder(numbers[name])
		if decimal, is := value.(source.Number); is && d.Decimal != nil {
			whole, fraction := decimal.Digits()
			placeholder = d.Decimal(placeholder, whole, fraction)
		}

		written.WriteString(placeholder)
	}
}

// BindQuery is [Dialect.Bind] for a query, in which a value without a parameter is an error too.
func (d Dialect) BindQuery(query string, bind map[string]any) (text string, values []any, err error) {
	text, values, used, err := d.Bind(query, bind)
	if err == nil {
		err = Unused(bind, used)
	}

	return text, values, err
}

// Bound is a statement of a script with the placeholders of the database, and their values.
type Bound struct {
	Text     string
	Values   []any
	Location string // The number of the statement and its line, for messages.
}

// BindScript splits a script into statements, and binds their parameters. A value without a parameter is an error too.
func (d Dialect) BindScript(script string, bind map[string]any) ([]Bound, error) {
	var statements []Bound

	used := map[string]bool{}

	for i, found := range d.Statements(script) {
		location := fmt.Sprintf("statement %d, line %d", i+1, found.Line)

		text, values, names, err := d.Bind(found.Text, bind)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", location, err)
		}

		maps.Copy(used, names)

		statements = append(statements, Bound{text, values, location})
	}

	return statements, Unused(bind, used)
}

// The hints of errors of queries and of scripts that can't be bound.
const (
	QueryHint  = "correct the query, or its bind"
	ScriptHint = "correct the script, or its bind"
)

// Invalid returns the error for a query or a script that is not sent to the database.
func Invalid(sourceName string, err error, hint string) error {
	return &source.Error{Code: source.CodeQueryInvalid, Source: sourceName, Message: err.Error(), Hint: hint, Err: err}
}

// checkValue returns an error for a value that no placeholder can stand for.
func checkValue(value any) error {
	var kind string

	switch reflect.ValueOf(value).Kind() {
	case reflect.Slice:
		kind = "a list"
	case reflect.Map:
		kind = "an object"
	default: // A scalar.
		return nil
	}

	return fmt.Errorf("%s can't be a value in a query; pass it as JSON, with toJSON(…), and read it with the database's "+
		"functions for JSON, or run the query for each entry", kind)
}

// Parameters returns the names of the parameters :name and :"name" in a query or a script, each once, in order.
func (d Dialect) Parameters(text string) []string {
	var names []string

	for tokens := (&scanner{dialect: d, rest: text}); ; {
		found, ok := tokens.next()
		if !ok {
			return names
		}

		name := strings.Trim(found.text, `:"`)
		if (found.kind == parameter || found.kind == nameParameter) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
}

// valuesOf returns a message about the values in bind.
func valuesOf(bind map[string]any) string {
	if len(bind) == 0 {
		return "set the value in bind"
	}

	return "bind has " + strings.Join(slices.Sorted(maps.Keys(bind)), ", ")
}

// Unused returns an error for a value of bind that no statement uses, so that misspelt names are reported.
func Unused(bind map[string]any, used map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(bind)) {
		if !used[name] {
			return fmt.Errorf("bind has a value for %s, but there is no parameter :%s", name, name)
		}
	}

	return nil
}
