package apiserver

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/internal/browser"
	"github.com/jobwright/jobwright/jobservice"
)

// setSecurityHeaders sets headers for browsers: no page may show, run, embed or cache a response, or learn its address.
func setSecurityHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
}

// refuseForeignPages refuses requests that a web page of another origin can make a browser send, whatever their method: some
// calls change something by GET. Links may lead to web pages.
func (s *Server) refuseForeignPages(c *gin.Context) {
	switch {
	case !s.options.Hosts.Allow(c.Request):
		s.respondError(c, jobservice.NewError(codeHostNotAllowed,
			"the server does not serve the host of this address; the operator allows hosts with --allowed-host"))
	case browser.IsCrossOrigin(c.Request) && !s.opensPage(c) && !s.isFromCodecOrigin(c):
		s.respondError(c, jobservice.NewError(codeBrowserRefused,
			"a web page of another origin sent the request; call the API from a program"))
	}
}

// checkKeyInAddress refuses a change by GET with the key in its address if a browser sends it: a link is enough for that.
func checkKeyInAddress(c *gin.Context) error {
	if c.Request.Method == http.MethodGet && c.Request.URL.Query().Has("apiKey") && browser.Sent(c.Request) {
		return jobservice.NewError(codeBrowserRefused,
			"a browser can't change anything by GET with the apiKey in the address; use POST, or the header Authorization")
	}

	return nil
}
