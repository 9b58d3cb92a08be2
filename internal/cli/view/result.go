package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// Results prints results of a job as tables, each below its name if there are several, and the value that the job returned.
func (o Output) Results(results []client.Result, value json.RawMessage) error {
	for i, result := range results {
		if err := o.result(result, len(results) > 1, i > 0); err != nil {
			return err
		}
	}

	if len(value) == 0 {
		return nil
	}

	var indented bytes.Buffer
	if err := json.Indent(&indented, value, "", "  "); err != nil {
		return err
	}

	_, err := fmt.Fprintln(o.Out, jsonvalue.Readable(indented.Bytes()))

	return err
}

func (o Output) result(result client.Result, hasTitle, isLater bool) error {
	title := ""
	if isLater {
		title = "\n"
	}

	if hasTitle {
		title += nameOf(result) + "\n"
	}

	if _, err := fmt.Fprint(o.Out, title); err != nil {
		return err
	}

	header := make([]string, len(result.Result.Schema))
	for i, column := range result.Result.Schema {
		header[i] = column.Name
	}

	rows := make([][]any, len(result.Result.Records))

	for i, record := range result.Result.Records {
		values := map[string]json.RawMessage{}
		if err := json.Unmarshal(record, &values); err != nil {
			return err
		}

		for _, column := range result.Result.Schema {
			rows[i] = append(rows[i], cell(values[column.Name], column))
		}
	}

	if err := o.records(header, rows); err != nil {
		return err
	}

	if len(rows) == 0 {
		o.Notef("It has no records.")
	}

	if more := result.Records - int64(len(result.Result.Records)); result.NextOffset > 0 && more > 0 {
		o.Notef("%s of %s. See %q for the others.", Number(int64(len(result.Result.Records))), Count(result.Records, "record"),
			"jobwright results")
	}

	return nil
}

// records prints records as a table or, if it is wider than the terminal, each as a list of its values.
func (o Output) records(header []string, rows [][]any) error {
	width, _ := size(o.Out)
	if len(rows) == 0 || !IsTerminal(o.Out) || widthOf(widthsOf(header, rows)) <= width {
		return o.table(header, rows, false)
	}

	for at, row := range rows {
		values := make([][]any, len(row))
		for i, value := range row {
			values[i] = []any{header[i], fmt.Sprint(value)}
		}

		if at > 0 {
			values = slices.Insert(values, 0, []any{""})
		}

		if err := o.table(nil, values, false); err != nil {
			return err
		}
	}

	return nil
}

// nameOf returns the name of a result for people.
func nameOf(result client.Result) string {
	if result.Name == nil {
		return "result"
	}

	return *result.Name
}

// cell returns a value of a record as a table shows it.
func cell(value json.RawMessage, column source.Column) any {
	var text string

	switch {
	case len(value) == 0 || string(value) == "null":
		return "NULL"
	case column.Type == source.Integer || column.Type == source.Float || column.Type == source.Decimal:
		return number(strings.Trim(string(value), `"`))
	case json.Unmarshal(value, &text) == nil:
		return oneLine(text)
	default:
		return string(value)
	}
}

// number is a number as text, which a table aligns to the right.
type number string
