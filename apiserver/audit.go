package apiserver

import (
	"cmp"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/jobservice"
)

// auditCall writes the line of a call to the audit log, once: of a call that changes something, and of one that is not permitted.
// A call that starts a job and then waits for it is audited before it waits.
func (s *Server) auditCall(c *gin.Context) {
	log := logOf(c)
	call, known := s.byPath[c.FullPath()]

	if !known || log.audited || !call.changes && !isRefusal(log.code) {
		return
	}

	s.auditJob(c, log.jobID, cmp.Or(string(log.code), audit.OK))
}

// auditJob writes a line to the audit log about what the call has done with a job. The line of the whole call is not written any
// more.
func (s *Server) auditJob(c *gin.Context, jobID, outcome string) {
	log := logOf(c)
	log.audited = true

	remote, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		remote = c.Request.RemoteAddr
	}

	s.options.Audit.Record(c.Request.Context(), audit.Entry{
		Call: s.byPath[c.FullPath()].names[0], App: shorten(log.app), Access: log.access, JobID: shorten(jobID),
		Schedule: shorten(log.schedule), Source: shorten(log.source), Scenario: log.scenario, Outcome: outcome,
		Remote: remote, Reference: log.reference,
	})
}

// isRefusal reports whether the error says that the caller may not make the call.
func isRefusal(code jobservice.Code) bool {
	switch httpStatuses[code] {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest:
		return true
	default:
		return code == codeTooManyFailures
	}
}
