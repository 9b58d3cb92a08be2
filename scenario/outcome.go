package scenario

// EmptyOutcome is what expressions read of a step of that operation which did nothing, because it was skipped or failed:
// every field with the zero value of its form.
func EmptyOutcome(opName string) Params {
	operation, _ := OperationNamed(opName)
	outcome := Params{}

	for _, fields := range [][]Field{OutcomeFields(), operation.Outcome} {
		for _, field := range fields {
			outcome[field.Name] = field.form.zero()
		}
	}

	return outcome
}

func (f form) zero() any {
	switch f { //nolint:exhaustive // The others have no zero value but null.
	case formText:
		return ""
	case formInteger:
		return int64(0)
	case formList:
		return []any{}
	default:
		return nil
	}
}
