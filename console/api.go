package console

import (
	"errors"
	"maps"
	"net/http"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/console/visitor"
)

// copyCall responds with what the API responds to a call by GET: a stream, or a file of any size.
func (r *request) copyCall(w http.ResponseWriter, name string, query map[string]string, header http.Header) error {
	call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "/api/v1/"+name, http.NoBody)
	if err != nil {
		return err
	}

	parameters := call.URL.Query()
	for parameter, value := range query {
		parameters.Set(parameter, value)
	}

	call.URL.RawQuery = parameters.Encode()

	maps.Copy(call.Header, header)
	call.Header.Set("Authorization", "Bearer "+r.session.Key)

	visitor.Forward(w, r.console.options.API, r.Request, call)

	return nil
}

// isSignedOut reports whether the API does not accept the key of the session any more.
func isSignedOut(err error) bool {
	failed, ok := errors.AsType[*client.Error](err)

	return ok && failed.HTTPStatus == http.StatusUnauthorized
}
