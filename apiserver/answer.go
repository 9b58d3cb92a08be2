package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
)

// envelope is the form of every answer.
type envelope struct {
	Result any    `json:"result"`
	Status string `json:"status"` // success or error.
}

// started is the result of a call that started a job and did not see its end.
type started struct {
	JobID  string          `json:"jobId"`
	Status job.State       `json:"status,omitempty"`
	Value  *scenario.Value `json:"value,omitempty"` // What the scenario returned, once it has ended.
}

// answerSync answers a caller who waited: the results, or that the job failed.
func (s *Server) answerSync(c *gin.Context, ended *end, withSchema bool) {
	if ended.Status == job.Completed {
		answer := started{JobID: ended.JobID, Value: ended.Value}
		s.stream(c, http.StatusOK, envelope{Status: "success", Result: answer}, ended.results, withSchema)

		return
	}

	s.stream(c, http.StatusUnprocessableEntity, envelope{Status: "error", Result: ended}, ended.results, withSchema)
}

// stream answers with the envelope, whose result is an object that gets the field results. The result sets go from the
// store to the caller as they are. When the store fails on the way, the answer is broken off: the caller sees a broken
// connection and never half an answer that looks whole.
func (s *Server) stream(c *gin.Context, status int, answer envelope, results []job.Result, withSchema bool) {
	ctx := c.Request.Context()

	if err := s.checkResults(ctx, results); err != nil {
		s.answerError(c, err)

		return
	}

	fields, err := json.Marshal(answer.Result)
	if err != nil {
		s.answerError(c, err)

		return
	}

	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Status(status)

	err = s.writeAnswer(ctx, c.Writer, answer.Status, fields, results, withSchema)
	if err != nil {
		s.options.Log.Error("answer broken off", "reference", reference(c), "error", err)
		panic(http.ErrAbortHandler)
	}
}

// checkResults makes sure, before anything is answered, that the store has every result.
func (s *Server) checkResults(ctx context.Context, results []job.Result) error {
	for _, result := range results {
		has, err := s.options.Results.Has(ctx, result)
		if err != nil {
			return err
		}

		if !has {
			return newError(http.StatusGone, CodeResultExpired, "the results of this job are kept no more; run it again")
		}
	}

	return nil
}

// writeAnswer writes the envelope around the fields of a JSON object and the result sets.
func (s *Server) writeAnswer(
	ctx context.Context, w io.Writer, status string, fields []byte, results []job.Result, withSchema bool,
) error {
	opening := append([]byte(`{"result":`), bytes.TrimSuffix(fields, []byte("}"))...)
	if _, err := w.Write(append(opening, `,"results":[`...)); err != nil {
		return err
	}

	separator := ""

	for _, result := range results {
		name, err := json.Marshal(result.Name)
		if err != nil {
			return err
		}

		if _, err := io.WriteString(w, separator+`{"name":`+string(name)+`,"result":`); err != nil {
			return err
		}

		if err := s.options.Results.Copy(ctx, w, result, withSchema); err != nil {
			return err
		}

		if _, err := io.WriteString(w, "}"); err != nil {
			return err
		}

		separator = ","
	}

	_, err := io.WriteString(w, `]},"status":"`+status+`"}`)

	return err
}
