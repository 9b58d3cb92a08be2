package scenario

import "slices"

// endsScenario reports whether no step after this one in its list is ever reached.
func (s Step) endsScenario() bool {
	if s.isConditional() || s.OnError == OnErrorContinue {
		return false
	}

	switch s.OpName {
	case OpReturn, OpFail:
		return true
	case OpIf:
		return s.Block(BlockThen).endsScenario() && s.Block(BlockElse).endsScenario()
	case OpSwitch:
		return s.HasBlock(BlockDefault) && !slices.ContainsFunc(s.Blocks, func(b Block) bool { return !b.endsScenario() })
	case OpTryCatch:
		return s.Block(BlockFinally).endsScenario() || s.Block(BlockTry).endsScenario() && s.neverRecovers()
	case OpParallel: // No Return can stand in it.
		return slices.ContainsFunc(s.Blocks, Block.endsScenario)
	}

	return false
}

// neverRecovers reports whether the steps after a TryCatch are not reached when one of those in it fails.
func (s Step) neverRecovers() bool {
	_, ignores := s.OpParams["ignore"]

	return !ignores && (!s.HasBlock(BlockCatch) || s.Block(BlockCatch).endsScenario())
}

func (b Block) endsScenario() bool { return slices.ContainsFunc(b.Steps, Step.endsScenario) }

// mayEndScenario reports whether an author has made this step so that it can end the scenario.
func (s Step) mayEndScenario() bool {
	return s.OpName == OpReturn || s.OpName == OpFail || slices.ContainsFunc(s.Blocks, func(b Block) bool {
		return slices.ContainsFunc(b.Steps, Step.mayEndScenario)
	})
}

// isConditional reports whether the step may be skipped.
func (s Step) isConditional() bool { return s.Condition != nil && s.Condition != true }
