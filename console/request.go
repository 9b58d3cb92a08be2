package console

import (
	"net/http"
	"time"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/session"
	"github.com/jobwright/jobwright/console/visitor"
)

// request is a request of a visitor who has signed in.
type request struct {
	*http.Request

	console *Console
	session *session.Session
	api     *client.Client
	now     time.Time
}

// may reports whether the visitor's key grants the right. Pages do not show what it does not permit; the API refuses it.
func (r *request) may(right app.Right) bool { return r.session.May(right) }

// query returns a parameter of the address.
func (r *request) query(name string) string { return r.URL.Query().Get(name) }

// handler returns the handler of a route.
func (c *Console) handler(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, visit *http.Request) {
		signedIn, ok := session.Of(visit)
		if !ok {
			http.Error(w, "there is no session", http.StatusUnauthorized)

			return
		}

		r := &request{Request: visit, console: c, session: signedIn, now: time.Now()}

		var err error
		if r.api, err = visitor.NewClient(c.options.API, visit, signedIn.Key); err == nil {
			err = r.serve(w, to)
		}

		if err != nil {
			r.serveError(w, err)
		}
	})
}

// serve responds to the request, unless there is an error. A form has to be one of the session.
func (r *request) serve(w http.ResponseWriter, to route) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := r.console.sessions.CheckCSRF(r.Request); err != nil {
			return err
		}
	}

	switch {
	case to.show != nil:
		shown, err := to.show(r)
		if err != nil {
			return err
		}

		return r.render(w, http.StatusOK, shown)
	case to.change != nil:
		address, err := to.change(r)
		if err == nil {
			http.Redirect(w, r.Request, address, http.StatusSeeOther)
		}

		return err
	default:
		return to.copy(w, r)
	}
}
