package console

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/session"
)

// problem is an error as pages show it.
type problem struct {
	Message  string
	Problems []string
	Code     string
	Remedy   string
	Back     string
}

// notFound is the page of an address that the console does not have.
func notFound(*request) (*view, error) {
	return nil, &client.Error{HTTPStatus: http.StatusNotFound, Message: "There is no page at this address."}
}

// serveError responds with a page that shows an error.
func (r *request) serveError(w http.ResponseWriter, err error) {
	if r.Context().Err() != nil {
		return // The visitor has left.
	}

	if isSignedOut(err) {
		r.console.sessions.End(w, r.Request, err.Error())

		return
	}

	status, shown := problemOf(err)
	if status == http.StatusInternalServerError {
		r.console.options.Log.ErrorContext(r.Context(), "a page can't be shown", "path", r.Pattern, "error", err)
	}

	shown.Back = back(r.Request)

	if status == http.StatusServiceUnavailable && r.Method == http.MethodGet {
		w.Header().Set("Refresh", "5") // The page appears when the server has recovered.
	}

	if err := r.render(w, status, &view{template: "error", Title: titleOf(status), Data: shown}); err != nil {
		r.console.options.Log.ErrorContext(r.Context(), "the page of an error can't be shown", "error", err)
	}
}

// problemOf returns an error as pages show it, and the HTTP status of the page.
func problemOf(err error) (int, problem) {
	if errors.Is(err, session.ErrForeignForm) {
		return http.StatusForbidden, problem{Message: session.Sentence(err.Error())}
	}

	failed, ok := errors.AsType[*client.Error](err)
	if !ok {
		return http.StatusInternalServerError, problem{
			Message: "An internal error occurred.", Remedy: "The log of the server has the reason.",
		}
	}

	code := string(failed.Code)
	shown := problem{Message: session.Sentence(failed.Message), Code: code, Remedy: callRemedies[code]}
	for _, mistake := range failed.Problems {
		shown.Problems = append(shown.Problems, mistake.String())
	}

	return failed.HTTPStatus, shown
}

// titleOf returns the title of the page of an error.
func titleOf(status int) string {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return "Not found"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "Not permitted"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "Not available at the moment"
	case http.StatusInternalServerError:
		return "Internal error"
	default:
		return "Refused"
	}
}

// back returns the address of the page that led to a request, or of the first page.
func back(r *http.Request) string {
	from, err := r.URL.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.RequestURI() == r.URL.RequestURI() {
		return "/"
	}

	return from.RequestURI()
}

// refused returns the error for what a visitor has entered.
func refused(format string, arguments ...any) error {
	return &client.Error{HTTPStatus: http.StatusBadRequest, Message: fmt.Sprintf(format, arguments...)}
}
