package apiserver

import (
	"context"
	"encoding/json"
	"errors"
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
func (s *Server) answerSync(c *gin.Context, ended *end, form resultForm) {
	if ended.Status == job.Completed {
		answer := started{JobID: ended.JobID, Value: ended.Value}
		s.stream(c, http.StatusOK, envelope{Status: "success", Result: answer}, ended.results, form)

		return
	}

	form.mediaType = formJSON // That it failed is no table.
	s.stream(c, http.StatusUnprocessableEntity, envelope{Status: "error", Result: ended}, ended.results, form)
}

// stream answers with the envelope, whose result is an object that gets the field results, or with the records of one
// result alone. The result sets go from the store to the caller as they are. When the store fails on the way, the answer
// is broken off: the caller sees a broken connection and never half an answer that looks whole.
func (s *Server) stream(c *gin.Context, status int, answer envelope, results []job.Result, form resultForm) {
	ctx := c.Request.Context()

	results, err := form.choose(results)
	if err == nil {
		err = s.checkResults(ctx, results)
	}

	if err != nil {
		s.answerError(c, err)

		return
	}

	fields, err := json.Marshal(answer.Result)
	if err != nil {
		s.answerError(c, err)

		return
	}

	c.Header("Content-Type", form.mediaType+"; charset=utf-8")
	c.Writer.Header().Add("Vary", "Accept")
	c.Status(status)

	w := newPatientWriter(c.Writer, s.options.Patience)

	if form.mediaType == formJSON {
		err = s.writeAnswer(ctx, w, answer.Status, fields, results, form)
	} else {
		err = s.records(ctx, w, form, results[0])
	}

	if err = errors.Join(err, w.release()); err != nil {
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
