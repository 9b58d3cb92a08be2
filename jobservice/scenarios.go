package jobservice

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario/problem"
)

// Scenarios are the scenarios of an app that a caller may run, in the order of their names.
type Scenarios struct {
	Scenarios []Scenario `json:"scenarios" description:"The scenarios that the key may run, in the order of their names."`
}

// Scenario describes a scenario. If it is not valid, it has only a name and problems.
type Scenario struct {
	Name        string         `json:"name" description:"The name of the scenario."`
	Description string         `json:"description,omitempty" description:"The description in its file."`
	Valid       bool           `json:"valid" description:"Whether the scenario, and everything that it can run, has no mistakes."`
	Parameters  map[string]any `json:"parameters,omitempty" description:"The JSON Schema (2020-12) of the parameters."`

	// Program identifies the version of the files: jobs of the same one run the same steps.
	Program    string     `json:"program,omitempty" description:"The SHA-256 of what a job of the scenario would run."`
	ModifiedAt *time.Time `json:"modifiedAt,omitempty" description:"When a file of the scenario, or of what it can run, was changed last."`

	Problems []problem.Problem `json:"problems,omitempty" description:"The mistakes, each with its file and line."`
	Lineage  *lineage.Lineage  `json:"lineage,omitempty" description:"What the scenario reads and writes, if withLineage is true."`
}

// Scenarios returns the scenarios of the app that the caller may run, valid or not. As for a job, files are read only after one
// of them has changed.
func (s *Service) Scenarios(caller Caller, withLineage bool) (*Scenarios, error) {
	names, err := caller.App.ScenarioNames()
	if err != nil {
		return nil, err
	}

	found := &Scenarios{Scenarios: []Scenario{}}

	for _, name := range names {
		if !caller.Access.MayRun(name) {
			continue
		}

		described, err := s.scenario(caller, name, withLineage)
		if HasCode(err, CodeScenarioNotFound) {
			continue // It was deleted meanwhile.
		}

		if err != nil {
			return nil, err
		}

		found.Scenarios = append(found.Scenarios, described)
	}

	return found, nil
}

func (s *Service) scenario(caller Caller, name string, withLineage bool) (Scenario, error) {
	pinned, err := caller.pin(name)
	if failed, is := errors.AsType[*Error](err); is && failed.Code == CodeScenarioInvalid {
		return Scenario{Name: name, Problems: failed.Problems}, nil
	}

	if err != nil {
		return Scenario{}, err
	}

	sum := sha256.Sum256(pinned.Program)
	modified := pinned.ModifiedAt().UTC()
	described := Scenario{
		Name: name, Description: pinned.Scenario.Description, Valid: true, Parameters: pinned.Scenario.ParameterSchema(),
		Program: "sha256:" + hex.EncodeToString(sum[:]), ModifiedAt: &modified,
	}

	if withLineage {
		described.Lineage, err = s.Lineage(caller, name)
	}

	return described, err
}
