package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// HTTPRequest sends one request to an HTTP source. All attempts send the same Idempotency-Key. If an earlier attempt has
// stored the response as a table, no request is sent.
func (a *Activities) HTTPRequest(
	ctx context.Context, task job.Task, params scenario.HTTPRequest,
) (*job.StepOutcome, error) {
	return runOpened(ctx, a, task, params, (*step).requestHTTP)
}

func (s *step) requestHTTP(ctx context.Context, params scenario.HTTPRequest) (*job.StepOutcome, error) {
	if err := s.checkRepeatable(isIdempotent(params.Method)); err != nil {
		return nil, err
	}

	if params.TargetTable != "" {
		if outcome, err := s.earlier(ctx, params.TargetSource); err != nil || outcome != nil {
			return outcome, err
		}
	}

	return (&call{step: s, params: params}).send(ctx)
}

// isIdempotent reports whether a server has the same state after several requests of the method as after one, by section 9.2.2
// of RFC 9110.
func isIdempotent(method string) bool {
	upper := strings.ToUpper(method)

	return upper != http.MethodPost && upper != http.MethodPatch
}

// call is one attempt of an HTTPRequest.
type call struct {
	step   *step
	params scenario.HTTPRequest
}

// send sends the request, and stores or returns the response.
func (c *call) send(ctx context.Context) (outcome *job.StepOutcome, err error) {
	to, err := open[source.Requester](ctx, c.step, c.params.Source, source.CanRequest)
	if err != nil {
		return nil, err
	}

	request, file, err := c.request(ctx)
	if err != nil {
		return nil, err
	}

	if file != nil {
		defer func() { err = errors.Join(err, file.Close()) }()
	}

	response, err := to.Request(ctx, request)
	if err != nil {
		return nil, err
	}

	return c.handle(ctx, response)
}

// idempotencyKey returns the key by which a service recognizes a repeated request. Unlike a ledger's, it does not contain the
// run, so that a service can read which job has called it. A request whose content has changed since an earlier attempt is
// another request: services refuse a key with another content.
func (c *call) idempotencyKey() string {
	jobID := c.step.task.JobID
	if earlier := c.step.task.Earlier; earlier != nil {
		jobID = earlier.JobID
	}

	key := jobID + "/" + c.step.task.Step
	if input := c.step.task.Input; input != "" {
		key += "#" + input
	}

	return key
}

// request builds the request. If its body contains a file, request returns the file, which the caller closes after the
// request was sent.
func (c *call) request(ctx context.Context) (request source.Request, file io.Closer, err error) {
	request = source.Request{
		Method: c.params.Method, Path: c.params.Path, Headers: c.params.Headers, Statuses: c.params.Statuses,
		IdempotencyKey: c.idempotencyKey(),
	}

	if request.Params, err = values(c.params.Params); err != nil {
		return request, nil, err
	}

	switch {
	case c.params.JSON.Any != nil:
		body, err := json.Marshal(jsonvalue.Plain(c.params.JSON))
		if err != nil {
			return request, nil, err
		}

		request.Body, request.ContentType = bytes.NewReader(body), "application/json"
	case c.params.File != "":
		return c.withFile(ctx, request)
	case c.params.Form != nil:
		form, err := values(c.params.Form)
		if err != nil {
			return request, nil, err
		}

		request.Body, request.ContentType = strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"
	case c.params.Text != "":
		request.Body, request.ContentType = strings.NewReader(c.params.Text), "text/plain; charset=utf-8"
	}

	return request, nil, nil
}

// withFile makes the body of the request a file, or a form that contains it.
func (c *call) withFile(ctx context.Context, request source.Request) (source.Request, io.Closer, error) {
	form, err := c.fileForm()
	if err != nil {
		return request, nil, err
	}

	from, err := open[source.FileKeeper](ctx, c.step, c.params.FileSource, source.CanKeepFiles)
	if err != nil {
		return request, nil, err
	}

	file, err := from.OpenFile(ctx, c.params.File)
	if err != nil {
		return request, nil, err
	}

	request.Body, request.ContentType = form.body(c.step.progress.countBytes(file, format.SizeOf(file))), form.contentType
	if sizer, isSized := file.(format.Sizer); isSized { // Many servers reject bodies of unknown length.
		request.Length = form.size() + sizer.Size()
	}

	return request, file, nil
}

// values converts parameters to those of a URL or a form: a list gives several of the same name, NULL gives none.
func values(params jsonvalue.Object) (url.Values, error) {
	converted := url.Values{}

	for name, value := range params {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}

		for _, element := range list {
			if element == nil {
				continue
			}

			text, err := expression.Text(element)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}

			converted.Add(name, text)
		}
	}

	return converted, nil
}

// handle stores or returns the response as the parameters request, and closes its body.
func (c *call) handle(ctx context.Context, response *source.Response) (outcome *job.StepOutcome, err error) {
	switch {
	case c.params.ReturnResult, c.params.TargetTable != "":
		return c.table(ctx, response)
	case c.params.TargetFile != "":
		outcome, err = c.file(ctx, response)
	case c.params.ReturnValue:
		outcome, err = c.value(response)
	default:
		outcome = &job.StepOutcome{}
	}

	return outcome, errors.Join(err, response.Body.Close())
}

// value returns the response as the value of the step.
func (c *call) value(response *source.Response) (*job.StepOutcome, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxValueBytes+1))
	if err != nil {
		return nil, err
	}

	if len(body) > maxValueBytes {
		return nil, limitFailuref("source %q: the response exceeds the %d bytes that a step's value can have; "+
			"store it as a table with targetTable, or as a file with targetFile", c.params.Source, maxValueBytes)
	}

	headers := map[string]any{}
	for name, value := range response.Headers {
		headers[name] = value
	}

	value := map[string]any{"status": int64(response.Status), "headers": headers, "body": bodyValue(response, body)}
	if size := jsonvalue.SizeOf(value); size > maxValueBytes {
		return nil, limitFailuref("source %q: the response with its headers has %d bytes; "+
			"a step's value can have at most %d", c.params.Source, size, maxValueBytes)
	}

	return &job.StepOutcome{Value: jsonvalue.Value{Any: value}}, nil
}

// bodyValue returns a body as a value: its content if it is JSON, nil if it is empty, and otherwise text.
func bodyValue(response *source.Response, body []byte) any {
	if len(body) == 0 {
		return nil
	}

	text := toUTF8(response, body)

	if isJSON(response.ContentType) {
		var value jsonvalue.Value
		if err := json.Unmarshal(text, &value); err == nil {
			return value.Any
		}
	}

	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// toUTF8 converts a body from the charset of its content type to UTF-8; JSON is UTF-8 already. If the charset is unknown, the
// body is returned unchanged, since it may still be readable.
func toUTF8(response *source.Response, body []byte) []byte {
	charset := ""

	if _, parameters, err := mime.ParseMediaType(response.Headers["Content-Type"]); err == nil && !isJSON(response.ContentType) {
		charset = parameters["charset"]
	}

	reader, err := format.Decode(bytes.NewReader(body), charset)
	if err != nil {
		return body
	}

	text, err := io.ReadAll(reader)
	if err != nil {
		return body
	}

	return text
}

func isJSON(contentType string) bool {
	return contentType == "application/json" || strings.HasSuffix(contentType, "+json")
}

// file stores the response unchanged.
func (c *call) file(ctx context.Context, response *source.Response) (*job.StepOutcome, error) {
	files, err := open[source.FileKeeper](ctx, c.step, c.params.FileSource, source.CanKeepFiles)
	if err != nil {
		return nil, err
	}

	_, err = files.WriteFile(ctx, c.params.TargetFile, c.step.progress.countBytes(response.Body, format.SizeOf(response.Body)))

	return &job.StepOutcome{}, err
}

// table reads the response as a table, and stores or returns it.
func (c *call) table(ctx context.Context, response *source.Response) (outcome *job.StepOutcome, err error) {
	name := path.Base(c.params.Path)

	rows, err := format.Read(ctx, response.Body, name, format.Options{
		Read: source.Read{
			Table:  source.Table{Name: c.params.Path},
			Format: format.WithContentType(c.params.Format, name, response.Headers["Content-Type"]),
		},
		Source: c.params.Source,
	})
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	counted := c.step.progress.count(rows)
	if c.params.ReturnResult {
		return c.step.returnRows(ctx, c.params.ResultName, counted)
	}

	return c.step.write(ctx, targetOf(c.params.TargetSource, c.params.TargetTable, c.params.Writing), counted)
}
