package workflows

import (
	"reflect"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// switchCase runs the steps of the first case that has the value, or the default ones.
func (m *machine) switchCase(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	if s.frame.Block == "" {
		value, err := m.evaluate(ctx, s, s.OpParams["value"])
		if err != nil {
			return nil, err
		}

		block, err := m.caseOf(ctx, s, value)
		if err != nil {
			return nil, err
		}

		s.frame.enter(block)
	}

	return nil, m.block(ctx, s)
}

// caseOf finds the block of the case that has the value. The values of a case are evaluated only when none before has it.
func (m *machine) caseOf(ctx workflow.Context, s *step, value any) (string, error) {
	cases, _ := s.OpParams["cases"].([]any)

	for i, entry := range cases {
		object, _ := entry.(map[string]any)

		when, err := m.evaluate(ctx, s, object["when"])
		if err != nil {
			return "", err
		}

		if has(when, value) {
			return scenario.BlockCase(i), nil
		}
	}

	return scenario.BlockDefault, nil
}

// has reports whether a case with that value, or list of values, has the value. An integer equals the float of the same
// size, as in expressions.
func has(when, value any) bool {
	if equal(when, value) {
		return true
	}

	list, _ := when.([]any)
	for _, entry := range list {
		if equal(entry, value) {
			return true
		}
	}

	return false
}

func equal(a, b any) bool {
	if integer, ok := a.(int64); ok {
		if float, ok := b.(float64); ok {
			return float64(integer) == float
		}
	}

	if _, ok := a.(float64); ok {
		if _, ok := b.(int64); ok {
			return equal(b, a)
		}
	}

	return reflect.DeepEqual(a, b)
}
