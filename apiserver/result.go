package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/result"
)

// The media types of results.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
	mediaCSV    = "text/csv"
)

// resultFormat selects the results of a response and their format.
type resultFormat struct {
	mediaType  string
	withSchema bool
	name       *string       // The name of the results to respond with; nil for all results.
	part       *result.Range // The range of records of each result; nil for all records.
}

// resultSelection has the parameters of a call that select results; nil for those that the call does not have.
type resultSelection struct {
	name          *string
	offset, limit *int64
}

// readResultFormat reads the Accept header, and which results the call selects.
func readResultFormat(c *gin.Context, selection resultSelection) (resultFormat, error) {
	format := resultFormat{withSchema: true, mediaType: mediaJSON, name: selection.name}

	if accepted := c.GetHeader("Accept"); accepted != "" {
		format.mediaType = c.NegotiateFormat(mediaJSON, mediaNDJSON, mediaCSV)
		if format.mediaType == "" {
			return format, jobservice.NewError(codeNotAcceptable,
				"the response can be %s, %s or %s, not %s", mediaJSON, mediaNDJSON, mediaCSV, accepted)
		}
	}

	if selection.offset == nil && selection.limit == nil {
		return format, nil
	}

	format.part = &result.Range{Limit: 1_000}

	if selection.offset != nil {
		if format.part.First = *selection.offset; format.part.First < 0 {
			return format, jobservice.Invalid("offset must be the index of a record, at least 0, not %d", format.part.First)
		}
	}

	if selection.limit != nil {
		if format.part.Limit = *selection.limit; format.part.Limit < 1 {
			return format, jobservice.Invalid("limit must be a number of records, at least 1, not %d", format.part.Limit)
		}
	}

	if format.mediaType != mediaJSON {
		return format, jobservice.Invalid("offset and limit are only available in JSON responses")
	}

	return format, nil
}

// choose returns the selected results.
func (f resultFormat) choose(results []job.Result) ([]job.Result, error) {
	if f.name != nil {
		var chosen []job.Result

		for _, candidate := range results {
			if candidate.Name != nil && *candidate.Name == *f.name {
				chosen = append(chosen, candidate)
			}
		}

		if len(chosen) == 0 {
			return nil, jobservice.NewError(codeResultNotFound,
				"the job has no result named %q; its results are %s", *f.name, namesOf(results))
		}

		results = chosen
	}

	if f.mediaType != mediaJSON && len(results) != 1 {
		return nil, jobservice.NewError(codeNotAcceptable,
			"a response in %s has exactly one result, and the job has %d (%s); choose one with resultName, or accept %s",
			f.mediaType, len(results), namesOf(results), mediaJSON)
	}

	return results, nil
}

// namesOf lists the names of results for an error message.
func namesOf(results []job.Result) string {
	if len(results) == 0 {
		return "none"
	}

	names := make([]string, len(results))

	for i, set := range results {
		names[i] = "a result without a name"
		if set.Name != nil {
			names[i] = strconv.Quote(*set.Name)
		}
	}

	return strings.Join(names, ", ")
}

// writeRecords writes the records of one result as CSV or NDJSON, without an envelope.
func (s *Server) writeRecords(ctx context.Context, w io.Writer, format resultFormat, set job.Result) error {
	if format.mediaType == mediaCSV {
		return s.options.Results.CopyCSV(ctx, w, set)
	}

	return s.options.Results.CopyLines(ctx, w, set)
}

// writeEnvelope writes the envelope in JSON. Its result has the fields of an encoded JSON object and the result sets.
func (s *Server) writeEnvelope(
	ctx context.Context, w io.Writer, status string, fields []byte, results []job.Result, format resultFormat,
) error {
	opening := append([]byte(`{"result":`), bytes.TrimSuffix(fields, []byte("}"))...)
	if _, err := w.Write(append(opening, `,"results":[`...)); err != nil {
		return err
	}

	separator := ""

	for _, set := range results {
		name, err := json.Marshal(set.Name)
		if err != nil {
			return err
		}

		if _, err := io.WriteString(w, separator+`{"name":`+string(name)+`,"result":`); err != nil {
			return err
		}

		if err := s.writeResult(ctx, w, set, format); err != nil {
			return err
		}

		separator = ","
	}

	_, err := io.WriteString(w, `]},"status":"`+status+`"}`)

	return err
}

// writeResult writes a result set and the end of its JSON object. For a range of records, the object also has the total
// number of records and, unless the range is the last, the offset of the next range.
func (s *Server) writeResult(ctx context.Context, w io.Writer, set job.Result, format resultFormat) error {
	ending := "}"

	if format.part == nil {
		if err := s.options.Results.Copy(ctx, w, set, format.withSchema); err != nil {
			return err
		}
	} else {
		next, err := s.options.Results.CopyRange(ctx, w, set, *format.part, format.withSchema)
		if err != nil {
			return err
		}

		ending = `,"records":` + strconv.FormatInt(set.Records, 10) + "}"
		if next != nil {
			ending = `,"nextOffset":` + strconv.FormatInt(next.First, 10) + ending
		}
	}

	_, err := io.WriteString(w, ending)

	return err
}
