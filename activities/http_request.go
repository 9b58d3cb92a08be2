package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"path"
	"strings"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// HTTPRequest sends one request to a source of HTTP. Each attempt carries the same Idempotency-Key, and none is made when an
// earlier one has stored its answer as a table.
func (a *Activities) HTTPRequest(
	ctx context.Context, task job.Task, params scenario.HTTPRequest,
) (*job.StepOutcome, error) {
	return attempt(ctx, a, task, func(ctx context.Context, s *step) (*job.StepOutcome, error) {
		call := &call{step: s, params: params}
		if params.TargetTable == "" {
			return call.send(ctx)
		}

		return s.once(ctx, params.TargetSource, func() (*job.StepOutcome, error) { return call.send(ctx) })
	})
}

// call is one attempt of an HTTPRequest.
type call struct {
	*step

	params scenario.HTTPRequest
}

// send sends the request, and takes its answer.
func (c *call) send(ctx context.Context) (outcome *job.StepOutcome, err error) {
	to, release, err := open[source.Requester](ctx, c.step, c.params.Source, "be sent requests")
	if err != nil {
		return nil, err
	}

	defer release()

	request, done, err := c.request(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, done()) }()

	response, err := to.Request(ctx, request)
	if err != nil {
		return nil, err
	}

	return c.answer(ctx, response)
}

// request puts the request together. The caller calls done when it was sent.
func (c *call) request(ctx context.Context) (request source.Request, done func() error, err error) {
	request = source.Request{
		Method: c.params.Method, Path: c.params.Path, Headers: c.params.Headers, Statuses: c.params.Statuses,
		IdempotencyKey: c.task.JobID + "/" + c.task.Step,
	}
	done = func() error { return nil }

	if request.Params, err = values(c.params.Params); err != nil {
		return request, nil, err
	}

	switch {
	case c.params.JSON.Any != nil:
		body, err := json.Marshal(c.params.JSON)
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

	return request, done, nil
}

// withFile makes a file the body of the request, or a form with it.
func (c *call) withFile(ctx context.Context, request source.Request) (source.Request, func() error, error) {
	around, err := c.aroundFile()
	if err != nil {
		return request, nil, err
	}

	from, release, err := open[source.FileKeeper](ctx, c.step, c.params.FileSource, "keep files")
	if err != nil {
		return request, nil, err
	}

	file, err := from.OpenFile(ctx, c.params.File)
	if err != nil {
		release()

		return request, nil, err
	}

	request.Body, request.ContentType = around.with(c.progress.countBytes(file)), around.contentType
	if sizer, isSized := file.(format.Sizer); isSized { // Many servers take no body whose length nobody tells.
		request.Length = around.length() + sizer.Size()
	}

	return request, func() error {
		defer release()

		return file.Close()
	}, nil
}

// values are parameters as an address or a form has them: a list gives several of the same name, what is NULL none.
func values(params scenario.Params) (url.Values, error) {
	written := url.Values{}

	for name, value := range params {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}

		for _, one := range list {
			if one == nil {
				continue
			}

			text, err := scenario.Text(one)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}

			written.Add(name, text)
		}
	}

	return written, nil
}

// answer takes the answer to where the parameters say, and closes its body.
func (c *call) answer(ctx context.Context, response *source.Response) (outcome *job.StepOutcome, err error) {
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

// value makes the answer the value of the step.
func (c *call) value(response *source.Response) (*job.StepOutcome, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxValueBytes+1))
	if err != nil {
		return nil, err
	}

	if len(body) > maxValueBytes {
		return nil, &limitError{fmt.Sprintf("source %q: the answer is more than a step's value can hold, %d bytes; "+
			"take it as a table with targetTable, or as a file with targetFile", c.params.Source, maxValueBytes)}
	}

	headers := map[string]any{}
	for name, value := range response.Headers {
		headers[name] = value
	}

	value := map[string]any{"status": int64(response.Status), "headers": headers, "body": bodyValue(response, body)}
	if size := scenario.SizeOf(value); size > maxValueBytes {
		return nil, &limitError{fmt.Sprintf("source %q: the answer with its headers has %d bytes; a step's value has at most %d",
			c.params.Source, size, maxValueBytes)}
	}

	return &job.StepOutcome{Value: scenario.Value{Any: value}}, nil
}

// bodyValue is a body as a value: what it says where it is JSON, nil where there is none, and text otherwise.
func bodyValue(response *source.Response, body []byte) any {
	if len(body) == 0 {
		return nil
	}

	text := decoded(response, body)

	if isJSON(response.ContentType) {
		var value scenario.Value
		if err := json.Unmarshal(text, &value); err == nil {
			return value.Any
		}
	}

	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// decoded is a body as UTF-8, out of the charset that its content type says; JSON has none. Where nobody knows the charset,
// the body stays as it is: it may still say something.
func decoded(response *source.Response, body []byte) []byte {
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

// file stores the answer as it is.
func (c *call) file(ctx context.Context, response *source.Response) (*job.StepOutcome, error) {
	keeper, release, err := open[source.FileKeeper](ctx, c.step, c.params.FileSource, "keep files")
	if err != nil {
		return nil, err
	}

	defer release()

	_, err = keeper.WriteFile(ctx, c.params.TargetFile, c.progress.countBytes(response.Body))

	return &job.StepOutcome{}, err
}

// table reads the answer as a table, and stores it or returns it.
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

	counted := c.progress.count(rows)
	if c.params.ReturnResult {
		return c.returnRows(ctx, c.params.ResultName, counted)
	}

	return c.write(ctx, targetOf(c.params.TargetSource, c.params.TargetTable, c.params.Writing), counted)
}
