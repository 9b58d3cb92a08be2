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

	log.audited = true

	remote, _, err := net.SplitHostPort(c.Request.RemoteAddr)
	if err != nil {
		remote = c.Request.RemoteAddr
	}

	s.options.Audit.Record(c.Request.Context(), audit.Entry{
		Call: call.names[0], App: shorten(log.app), Access: log.access, JobID: shorten(log.jobID), Scenario: log.scenario,
		Outcome: cmp.Or(string(log.code), audit.OK), Remote: remote, Reference: log.reference,
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
