package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// The forms in which results are answered.
const (
	formJSON   = "application/json"
	formNDJSON = "application/x-ndjson"
	formCSV    = "text/csv"
)

// resultForm says which results a caller wants, and how.
type resultForm struct {
	mediaType  string
	withSchema bool
	named      bool // Whether the caller wants the results of one name alone.
	name       string
	part       *result.Range // Of each result; nil for all records.
}

// readResultForm reads what the caller wants from the Accept header and, where the call has them, from the parameters
// resultName, offset and limit.
func readResultForm(c *gin.Context, query map[string]string) (resultForm, error) {
	form := resultForm{withSchema: true, mediaType: formJSON}

	if accepted := c.GetHeader("Accept"); accepted != "" {
		form.mediaType = c.NegotiateFormat(formJSON, formNDJSON, formCSV)
		if form.mediaType == "" {
			return form, newError(http.StatusNotAcceptable, CodeNotAcceptable,
				"answers are %s, %s or %s, not %s", formJSON, formNDJSON, formCSV, accepted)
		}
	}

	form.name, form.named = query["resultName"]

	_, hasOffset := query["offset"]
	_, hasLimit := query["limit"]

	if !hasOffset && !hasLimit {
		return form, nil
	}

	form.part = &result.Range{Limit: 1_000}

	var err error
	if hasOffset {
		if form.part.First, err = strconv.ParseInt(query["offset"], 10, 64); err != nil || form.part.First < 0 {
			return form, badRequest("offset is the number of the first record, from 0, not %q", query["offset"])
		}
	}

	if hasLimit {
		if form.part.Limit, err = strconv.ParseInt(query["limit"], 10, 64); err != nil || form.part.Limit < 1 {
			return form, badRequest("limit is how many records are answered at most, from 1, not %q", query["limit"])
		}
	}

	if form.mediaType != formJSON {
		return form, badRequest("offset and limit are for answers in JSON")
	}

	return form, nil
}

// choose returns the results that the caller wants.
func (f resultForm) choose(results []job.Result) ([]job.Result, error) {
	if f.named {
		var chosen []job.Result

		for _, one := range results {
			if one.Name != nil && *one.Name == f.name {
				chosen = append(chosen, one)
			}
		}

		if len(chosen) == 0 {
			return nil, newError(http.StatusNotFound, CodeResultNotFound, "the job has no result named %q; it has %s", f.name,
				namesOf(results))
		}

		results = chosen
	}

	if f.mediaType != formJSON && len(results) != 1 {
		return nil, newError(http.StatusNotAcceptable, CodeNotAcceptable,
			"%s holds one result, and these are %d, %s; name one with resultName, or accept %s", f.mediaType, len(results),
			namesOf(results), formJSON)
	}

	return results, nil
}

// namesOf lists the names of results, for people.
func namesOf(results []job.Result) string {
	if len(results) == 0 {
		return "none"
	}

	names := make([]string, len(results))

	for i, one := range results {
		names[i] = "one without a name"
		if one.Name != nil {
			names[i] = strconv.Quote(*one.Name)
		}
	}

	return strings.Join(names, ", ")
}

// records writes the records of one result and nothing else.
func (s *Server) records(ctx context.Context, w io.Writer, form resultForm, of job.Result) error {
	if form.mediaType == formCSV {
		return s.options.Results.CopyCSV(ctx, w, of)
	}

	return s.options.Results.CopyLines(ctx, w, of)
}

// writeAnswer writes the envelope around the fields of a JSON object and the result sets.
func (s *Server) writeAnswer(
	ctx context.Context, w io.Writer, status string, fields []byte, results []job.Result, form resultForm,
) error {
	opening := append([]byte(`{"result":`), bytes.TrimSuffix(fields, []byte("}"))...)
	if _, err := w.Write(append(opening, `,"results":[`...)); err != nil {
		return err
	}

	separator := ""

	for _, one := range results {
		name, err := json.Marshal(one.Name)
		if err != nil {
			return err
		}

		if _, err := io.WriteString(w, separator+`{"name":`+string(name)+`,"result":`); err != nil {
			return err
		}

		if err := s.writeResult(ctx, w, one, form); err != nil {
			return err
		}

		separator = ","
	}

	_, err := io.WriteString(w, `]},"status":"`+status+`"}`)

	return err
}

// writeResult writes a result set and what follows it in its object: where the next part of it begins, if there is one.
func (s *Server) writeResult(ctx context.Context, w io.Writer, one job.Result, form resultForm) error {
	ending := "}"

	if form.part == nil {
		if err := s.options.Results.Copy(ctx, w, one, form.withSchema); err != nil {
			return err
		}
	} else {
		next, err := s.options.Results.CopyRange(ctx, w, one, *form.part, form.withSchema)
		if err != nil {
			return err
		}

		ending = `,"records":` + strconv.FormatInt(one.Records, 10) + "}"
		if next != nil {
			ending = `,"nextOffset":` + strconv.FormatInt(next.First, 10) + ending
		}
	}

	_, err := io.WriteString(w, ending)

	return err
}
