package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// resultLimit is the number of records of a page.
const resultLimit = 50

// resultSelection is the part of the results that an address selects.
type resultSelection struct {
	index  int
	offset int64
}

// readResultSelection reads the parameters of an address.
func readResultSelection(query url.Values) (selected resultSelection, err error) {
	if text := query.Get("result"); text != "" {
		if selected.index, err = strconv.Atoi(text); err != nil || selected.index < 0 {
			return selected, refused("The result is the number of one, not %q.", text)
		}
	}

	if text := query.Get("offset"); text != "" {
		if selected.offset, err = strconv.ParseInt(text, 10, 64); err != nil || selected.offset < 0 {
			return selected, refused("The offset is the number of a record, not %q.", text)
		}
	}

	return selected, nil
}

// resultPage is a page of a result, and the results to choose from.
type resultPage struct {
	Tabs           []resultTab
	Columns        []resultColumn
	Rows           [][]cell
	Name           string
	First, Last    int64 // The numbers of the records.
	Records        int64
	Index          int
	Previous, Next string   // The offsets of other pages; "" if there is none.
	Downloads      []string // The formats of files.
}

// resultTab leads to a result.
type resultTab struct {
	Text      string
	Index     string
	Records   int64
	IsCurrent bool
}

// resultColumn is a column of a result.
type resultColumn struct {
	Name, Type string
	IsNumber   bool
}

// cell is a value of a record.
type cell struct {
	Text     string
	IsNumber bool
	IsNull   bool
}

// resultPageOf returns the selected page of the results of a job.
func resultPageOf(status *client.Status, selected resultSelection) *resultPage {
	if selected.index >= len(status.Results) {
		selected.index = 0
	}

	set := status.Results[selected.index]
	page := &resultPage{Records: set.Records, Index: selected.index, Name: nameOf(set, selected.index)}

	for i, result := range status.Results {
		page.Tabs = append(page.Tabs, resultTab{nameOf(result, i), strconv.Itoa(i), result.Records, i == selected.index})
	}

	for _, column := range set.Result.Schema {
		kind := string(column.Type)
		page.Columns = append(page.Columns, resultColumn{column.Name, kind, isNumber(kind)})
	}

	for _, record := range set.Result.Records {
		page.Rows = append(page.Rows, page.cells(record))
	}

	if len(page.Rows) > 0 {
		page.First, page.Last = selected.offset+1, selected.offset+int64(len(page.Rows))
	}

	if selected.offset > 0 {
		page.Previous = strconv.FormatInt(max(0, selected.offset-resultLimit), 10)
	}

	if set.NextOffset > 0 {
		page.Next = strconv.FormatInt(set.NextOffset, 10)
	}

	if page.Downloads = []string{"json"}; status.Status == "completed" && isNameable(status.Results, selected.index) {
		page.Downloads = []string{"csv", "ndjson", "json"}
	}

	return page
}

// cells returns the values of a record, in the order of the columns.
func (p *resultPage) cells(record json.RawMessage) []cell {
	var fields map[string]json.RawMessage

	cells := make([]cell, len(p.Columns))

	if json.Unmarshal(record, &fields) != nil {
		return cells
	}

	for i, column := range p.Columns {
		cells[i] = cellOf(fields[column.Name])
		cells[i].IsNumber = column.IsNumber
	}

	return cells
}

// cellOf returns a value as pages show it.
func cellOf(value json.RawMessage) cell {
	var text string

	switch {
	case len(value) == 0 || string(value) == "null":
		return cell{Text: "null", IsNull: true}
	case json.Unmarshal(value, &text) == nil:
		return cell{Text: text}
	default:
		return cell{Text: string(value)}
	}
}

// nameOf returns the name of a result, or its number.
func nameOf(result client.Result, index int) string {
	if result.Name != nil && *result.Name != "" {
		return *result.Name
	}

	return "result " + strconv.Itoa(index+1)
}

// isNameable reports whether calls of the API can select a result: by its name, or because it is the only one.
func isNameable(results []client.Result, index int) bool {
	if len(results) == 1 {
		return true
	}

	name := results[index].Name
	if name == nil {
		return false
	}

	for i, other := range results {
		if i != index && other.Name != nil && *other.Name == *name {
			return false
		}
	}

	return true
}

// isNumber reports whether the values of a standard type are numbers.
func isNumber(kind string) bool {
	return kind == "integer" || kind == "decimal" || kind == "float"
}

// formats are the media types of files with results.
var formats = map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}

// download responds with a file that contains a result, which the API sends.
func download(w http.ResponseWriter, r *request) error {
	format := r.PathValue("format")

	media, ok := formats[format]
	if !ok {
		return refused("Results are available as csv, ndjson and json, not as %q.", format)
	}

	selected, err := readResultSelection(r.URL.Query())
	if err != nil {
		return err
	}

	status, _, err := r.status(r.PathValue("job"), resultSelection{})
	if err != nil {
		return err
	}

	if selected.index >= len(status.Results) {
		return refused("The job has %d results.", len(status.Results))
	}

	query := map[string]string{"appId": r.session.App, "jobId": status.JobID}
	name := status.JobID

	if set := status.Results[selected.index]; set.Name != nil && isNameable(status.Results, selected.index) {
		query["resultName"] = *set.Name
		name += " " + *set.Name
	}

	w.Header().Set("Content-Disposition", attachment(name+"."+format))

	return r.copyCall(&file{ResponseWriter: w}, "getJobStatus", query, http.Header{"Accept": {media}})
}

// attachment returns the header that lets a browser store a response as a file. Names have no characters that systems of files
// forbid.
func attachment(name string) string {
	name = strings.Map(func(char rune) rune {
		if char < ' ' || strings.ContainsRune(`"/\:*?<>|%`, char) {
			return '_'
		}

		return char
	}, name)

	return "attachment; filename*=UTF-8''" + url.PathEscape(name)
}

// file is the response with a file. An error is no file.
type file struct{ http.ResponseWriter }

// WriteHeader sends the header.
func (f *file) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		f.Header().Del("Content-Disposition")
	}

	f.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer of the connection, for [http.ResponseController].
func (f *file) Unwrap() http.ResponseWriter { return f.ResponseWriter }

// indent returns JSON with line breaks, for people; "" if there is none.
func indent(text json.RawMessage) string {
	var shown bytes.Buffer
	if len(text) == 0 || json.Indent(&shown, text, "", "  ") != nil {
		return string(text)
	}

	return jsonvalue.Readable(shown.Bytes())
}
