package apiserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/jobwright/jobwright/job"
)

// executeJob starts a job and answers at once, or waits for its end and answers its results.
func (s *Server) executeJob(c *gin.Context) {
	call, err := s.readExecution(c)
	if err != nil {
		s.answerError(c, err)

		return
	}

	runID, err := s.accept(c.Request.Context(), call)
	if err != nil {
		answer := s.asCallError(c, err)
		// With it, a caller who does not know whether the job was started can repeat the call and be sure of one run.
		if answer.RetryAfter > 0 {
			answer.JobID = call.jobID
		}

		s.answerError(c, answer)

		return
	}

	if call.async {
		c.JSON(http.StatusOK, envelope{Status: "success", Result: started{JobID: call.jobID}})

		return
	}

	s.answerEnd(c, call, runID)
}

// accept starts the job that the call asks for, or finds it.
func (s *Server) accept(ctx context.Context, call *execution) (runID string, err error) {
	repeatable := call.jobID != ""
	if !repeatable {
		id, err := uuid.NewV7() // In the order of time, for those who read lists of jobs.
		if err != nil {
			return "", err
		}

		call.jobID = id.String()
	}

	input, err := call.input()
	if err == nil {
		return s.start(ctx, call, input)
	}

	if !repeatable {
		return "", err
	}

	// The scenario may have changed since the same request was accepted. It still gets its job. That nothing was started is
	// answered only where it is known.
	runID, attachError := s.attach(ctx, call)
	if known, ok := errors.AsType[*callError](attachError); ok && known.Code == CodeJobNotFound {
		return "", err
	}

	return runID, attachError
}

// answerEnd waits for the job's end and answers it, or 202 when the wait is over before.
func (s *Server) answerEnd(c *gin.Context, call *execution, runID string) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), call.wait)
	defer cancel()
	defer context.AfterFunc(s.draining, cancel)()

	ended, err := s.end(ctx, call.jobID, runID)

	switch {
	case err == nil:
		s.answerSync(c, ended, call.form)
	case c.Request.Context().Err() != nil: // The caller hung up. The job goes on.
	case ctx.Err() != nil:
		s.answerStillRunning(c, call)
	default:
		var known *callError
		if !errors.As(err, &known) {
			known = s.asCallError(c, err)
			known.JobID = call.jobID
		}

		s.answerError(c, known)
	}
}

// answerStillRunning tells the caller where to ask for a job that goes on.
func (s *Server) answerStillRunning(c *gin.Context, call *execution) {
	query := url.Values{"appId": {call.app.ID}, "jobId": {call.jobID}}

	c.Header("Location", "/api/v1/getJobStatus.jsp?"+query.Encode())
	c.Header("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	c.JSON(http.StatusAccepted, envelope{Status: "success", Result: started{JobID: call.jobID, Status: job.Running}})
}
