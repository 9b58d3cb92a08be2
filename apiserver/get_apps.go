package apiserver

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// appsRequest has the fields of getApps.
type appsRequest struct {
	APIKey string `json:"apiKey" description:"The caller's key."`
	AppID  string `json:"appId"  description:"The app to return, if the key may use it; by default all of them."`
}

// getApps responds with the apps that the key may use. Every valid key may make the call: it needs no app and no right.
func (s *Server) getApps(c *gin.Context) {
	found, err := s.appsOf(c)
	s.respond(c, found, err)
}

// appsOf returns the apps that the key of the request may use.
func (s *Server) appsOf(c *gin.Context) (*jobservice.Apps, error) {
	given, err := readGiven[appsRequest](s, c)
	if err != nil {
		return nil, err
	}

	key, _ := given["apiKey"].(string)
	if key, err = s.keyOf(c, key); err != nil {
		return nil, err
	}

	if err := s.authenticate(c, key); err != nil {
		return nil, err
	}

	fields, err := decodeFields[appsRequest](c, given)
	if err != nil {
		return nil, err
	}

	ids := []string{fields.AppID}

	if fields.AppID == "" {
		if ids, err = s.options.Apps.IDs(); err != nil {
			return nil, err
		}
	}

	apps := &jobservice.Apps{Apps: []jobservice.App{}}

	for _, id := range ids {
		described, err := s.appOf(c, key, id)
		if err != nil {
			return nil, err
		}

		if described != nil {
			apps.Apps = append(apps.Apps, *described)
		}
	}

	return apps, nil
}

// appOf describes an app to the holder of a valid key, or returns nil if the key is not for the app.
func (s *Server) appOf(c *gin.Context, key, id string) (*jobservice.App, error) {
	found, err := s.options.Apps.App(id)
	if errors.Is(err, app.ErrNotFound) {
		return nil, nil //nolint:nilnil // It was deleted meanwhile.
	}

	mistakes := s.options.Apps.Mistakes(id)

	if _, isInvalid := errors.AsType[*app.InvalidError](err); isInvalid {
		if !s.isLoopbackKey(c, key) || c.GetHeader(actAs) != "" {
			return nil, nil //nolint:nilnil // The keys of the app are not known.
		}

		return &jobservice.App{
			ID: id, Access: job.AnyAccess, Rights: app.Rights(), State: app.Invalid,
			Problems: jobservice.ManifestProblems(mistakes),
		}, nil
	}

	if err != nil {
		return nil, err
	}

	access, err := s.accessOf(c, found, id, key)
	failed, known := errors.AsType[*jobservice.Error](err)
	if known && httpStatuses[failed.Code] < http.StatusInternalServerError {
		return nil, nil //nolint:nilnil // The key is for another app.
	}

	if err != nil {
		return nil, err
	}

	logOf(c).access = access.Name

	described, err := s.jobs.App(jobservice.Caller{App: found, Access: access}, mistakes)

	return &described, err
}
