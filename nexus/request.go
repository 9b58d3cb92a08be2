package nexus

import (
	"bytes"
	"encoding/json"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The names by which workflows call the service.
const (
	Service     = "jobwright"
	RunScenario = "run-scenario"
)

// Request is the input of the operation run-scenario.
type Request struct {
	AppID      string            `json:"appId"`
	Scenario   string            `json:"scenario"`
	Parameters jsonvalue.Object  `json:"parameters,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Priority   int               `json:"priority,omitempty"` // From 1, the first, to 5; 0 for the default.

	mistake error // Why the input is no request; nil if it is one.
}

// UnmarshalJSON reads a request. A field that does not exist is a mistake: it would otherwise have no effect. Nexus does not pass
// an error of this method to the caller, so the operation reports the mistake.
func (r *Request) UnmarshalJSON(text []byte) error {
	type fields Request

	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	r.mistake = decoder.Decode((*fields)(r))

	return nil
}

// operation returns the operation of the job.
func (r *Request) operation() jsonvalue.Object {
	params := map[string]any{"scenario": r.Scenario}
	if r.Parameters != nil {
		params["parameters"] = map[string]any(r.Parameters)
	}

	return jsonvalue.Object{"opName": scenario.OpRunScenario, "opParams": params}
}
