package console

import (
	"net/http"

	"github.com/jobwright/jobwright/console/session"
)

// signInPage shows the page for signing in.
func (c *Console) signInPage(w http.ResponseWriter, r *http.Request, shown session.Page) {
	visit := &request{Request: r, console: c}

	err := visit.render(w, shown.Status, &view{template: "sign_in", Title: "Sign in", Data: shown, Script: shown.Script()})
	if err != nil {
		c.options.Log.ErrorContext(r.Context(), "the page for signing in can't be shown", "error", err)
	}
}
