package jobservice

import (
	"encoding/json"

	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario"
)

// maxLineage is the number of versions of scenarios of which a service remembers the lineage.
const maxLineage = 100

// Lineage returns what a scenario that the caller may run reads and writes, by its definition. Callers share the result and must
// not change it. It is computed once for each version of the scenario's files.
func (s *Service) Lineage(caller Caller, name string) (*lineage.Lineage, error) {
	if !caller.Access.MayRun(name) {
		return nil, caller.forbidden("run the scenario %q", name)
	}

	pinned, err := caller.pin(name)
	if err != nil {
		return nil, err
	}

	if known, isKnown := s.lineage.Get(pinned); isKnown {
		return known, nil
	}

	var program scenario.Program
	if err := json.Unmarshal(pinned.Program, &program); err != nil {
		return nil, err
	}

	found := lineage.Of(program, caller.App.Sources)
	s.lineage.Add(pinned, found)

	return found, nil
}
