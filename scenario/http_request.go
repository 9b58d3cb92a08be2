package scenario

import (
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// HTTPRequest are the parameters of the operation of that name.
type HTTPRequest struct {
	Source    string            `json:"source" required:"true" refers:"source" description:"The source to send the request to; it knows the address and how to sign in."`
	Method    string            `json:"method,omitempty" description:"GET, POST, PUT, PATCH, DELETE or HEAD; GET where it is missing."`
	Path      string            `json:"path,omitempty" description:"The path below the source's address."`
	Params    jsonvalue.Object  `json:"params,omitempty" description:"Parameters for the address: what stands behind its question mark."`
	Headers   map[string]string `json:"headers,omitempty" description:"Headers beside those of the source."`
	JSON      jsonvalue.Value   `json:"json,omitzero" description:"A value to send as JSON."`
	Form      jsonvalue.Object  `json:"form,omitempty" description:"Fields to send as a form, along with the file where there is one."`
	Text      string            `json:"text,omitempty" description:"A text to send."`
	File      string            `json:"file,omitempty" description:"A file of fileSource to send: as it is, or in a form (multipart/form-data) where form or fileField is given."`
	FileField string            `json:"fileField,omitempty" description:"The field of the form that has the file; file where it is missing."`
	Statuses  []int64           `json:"statuses,omitempty" description:"The statuses that are no error; 200 to 299 where it is missing."`

	FileSource   string        `json:"fileSource,omitempty" refers:"source" description:"The source of the file to send, and of the one in which to store the answer."`
	ReturnValue  bool          `json:"returnValue,omitempty" description:"Whether the answer becomes the step's value: an object of status, headers and body, which is what it says where it is JSON, and text otherwise; at most 64 KiB."`
	ReturnResult bool          `json:"returnResult,omitempty" description:"Whether the answer, read as a table, becomes a result of the job."`
	ResultName   string        `json:"resultName,omitempty" description:"The name of that result."`
	Format       source.Format `json:"format,omitzero" description:"How the answer is read as a table; it follows from its content type where it is missing."`
	TargetFile   string        `json:"targetFile,omitempty" description:"The file of fileSource in which to store the answer as it is."`
	TargetSource string        `json:"targetSource,omitempty" refers:"source" description:"The source in which to store the answer as a table."`
	TargetTable  string        `json:"targetTable,omitempty" description:"The table in which to store it."`

	Writing
}

// requestRule requires one body, which may be a form with a file, and one destination of the response.
func requestRule(params jsonvalue.Object) (field, message string) {
	count := func(fields ...string) (set int, last string) {
		for _, field := range fields {
			if isSet(params[field]) {
				set, last = set+1, field
			}
		}

		return set, last
	}

	for _, bodies := range [][]string{{"json", "form", "text"}, {"json", "text", "file"}} { // A form may have a file.
		if set, last := count(bodies...); set > 1 {
			return last, "a request has one body; give json, form, text or file, or a form with a file"
		}
	}

	if places, last := count("returnValue", "returnResult", "targetFile", "targetTable"); places > 1 {
		return last, "the answer goes to one place; give returnValue, returnResult, targetFile or targetTable"
	}

	for _, pair := range [][2]string{
		{"targetTable", "targetSource"}, {"fileField", "file"}, {"file", "fileSource"}, {"targetFile", "fileSource"},
	} {
		if field, needed := pair[0], pair[1]; isSet(params[field]) && !isSet(params[needed]) {
			return field, field + " needs a " + needed
		}
	}

	isFormWithFile := isSet(params["file"]) && (isSet(params["form"]) || isSet(params["fileField"]))

	switch {
	case isFormWithFile && namesContentType(params["headers"]):
		return "headers", "the Content-Type of a form with a file says what stands between its fields; leave it to the request"
	case params["resultName"] != nil && !isSet(params["returnResult"]):
		return "resultName", "there is no result to name without returnResult: true"
	case params["format"] != nil && !isSet(params["returnResult"]) && params["targetTable"] == nil:
		return "format", "an answer is read as a table only for returnResult or a targetTable"
	case params["targetTable"] == nil:
		return withoutTarget(params)
	}

	return writingRule(params)
}

// namesContentType reports whether headers, which may be an expression, contain Content-Type.
func namesContentType(headers any) bool {
	object, _ := headers.(map[string]any)

	for name := range object {
		if strings.EqualFold(name, "Content-Type") {
			return true
		}
	}

	return false
}
