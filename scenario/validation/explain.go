package validation

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/problem"
)

// explain adds to the error of an expression where the name is declared, or which similar name is.
func (c *checker) explain(err error) error {
	if unknown, ok := errors.AsType[*expression.UnknownStepError](err); ok {
		return fmt.Errorf("%w; %s", err, c.elsewhere(unknown.Name, (*document).stepLine, c.stepNames()))
	}

	if unknown, ok := errors.AsType[*expression.UnknownNameError](err); ok {
		return fmt.Errorf("%w; %s", err, c.elsewhere(unknown.Name, (*document).variableLine, c.valueNames()))
	}

	return err
}

// elsewhere returns a hint for a name that is unknown here: the line that declares it or, if there is none, a similar name.
func (c *checker) elsewhere(name string, line func(d *document, name string) int, known []string) string {
	if c.document != nil {
		if found := line(c.document, name); found > 0 {
			return fmt.Sprintf("%s is named in line %d, which is later or in a nested list of steps", name, found)
		}
	}

	return problem.Suggest(name, known)
}

func (c *checker) stepNames() []string {
	var found []string

	for at := c.names; at != nil; at = at.outer {
		found = append(found, slices.Collect(maps.Keys(at.steps))...) //nolint:forbidigo // They are sorted below.
	}

	slices.Sort(found)

	return found
}

func (c *checker) valueNames() []string {
	found := []string{expression.NameJob, expression.NameSteps}

	for at := c.names; at != nil; at = at.outer {
		found = append(found, slices.Collect(maps.Keys(at.own))...) //nolint:forbidigo // They are sorted below.
	}

	slices.Sort(found)

	return slices.Compact(found)
}
