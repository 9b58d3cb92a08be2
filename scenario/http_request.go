package scenario

import (
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

// HTTPRequest are the parameters of the operation of that name.
type HTTPRequest struct {
	Source    string            `json:"source" required:"true" refers:"source" description:"The HTTPSource, which has the URL and the credentials."`
	Method    string            `json:"method,omitempty" description:"GET, POST, PUT, PATCH, DELETE or HEAD. Default: GET."`
	Path      string            `json:"path,omitempty" description:"The path below the URL of the source."`
	Params    jsonvalue.Object  `json:"params,omitempty" description:"The query parameters of the URL."`
	Headers   map[string]string `json:"headers,omitempty" description:"Headers in addition to those of the source."`
	JSON      jsonvalue.Value   `json:"json,omitzero" description:"The body, as a value that is sent as JSON."`
	Form      jsonvalue.Object  `json:"form,omitempty" description:"The body, as the fields of a form, together with the file if there is one."`
	Text      string            `json:"text,omitempty" description:"The body, as text."`
	File      string            `json:"file,omitempty" description:"A file of fileSource to send: as the body, or as a part of a form (multipart/form-data) if form or fileField is set."`
	FileField string            `json:"fileField,omitempty" description:"The field of the form that contains the file. Default: file."`
	Statuses  []int64           `json:"statuses,omitempty" description:"The statuses that are not errors. Default: 200 to 299."`

	FileSource   string        `json:"fileSource,omitempty" refers:"source" description:"The source of file and targetFile."`
	ReturnValue  bool          `json:"returnValue,omitempty" description:"Whether the response is the value of the step: an object with status, headers and body, up to 64 KiB. A body in JSON is a value, other bodies are text."`
	ReturnResult bool          `json:"returnResult,omitempty" description:"Whether the response, read as a table, is a result of the job."`
	ResultName   string        `json:"resultName,omitempty" description:"The name of the result."`
	Format       source.Format `json:"format,omitzero" description:"The format of the response, if it is read as a table. Default: by the content type."`
	TargetFile   string        `json:"targetFile,omitempty" description:"The file of fileSource in which to store the response unchanged."`
	TargetSource string        `json:"targetSource,omitempty" refers:"source" description:"The source in which to store the response as a table."`
	TargetTable  string        `json:"targetTable,omitempty" description:"The table in which to store the response."`

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
