package jobservice

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// retryParameters are the parameters of a retry.
type retryParameters struct {
	values  jsonvalue.Object // All of them, bound, and sealed if they are secret.
	changed []string         // The names of those that may differ from the ended job's, sorted.
}

// retryCall returns the request of a retry.
func (s *Service) retryCall(retry Retry, ended *retriedJob) *execution {
	return &execution{
		Request: Request{Caller: retry.Caller, Operation: ended.identity(retry), JobID: retry.NewJobID}, keys: s.options.Keys,
		isRetry: true,
	}
}

// parameters returns the parameters of a retry: those of the ended job, with those of the request in place of the former ones.
func (e *execution) parameters(ended *retriedJob) (retryParameters, error) {
	former := ended.input.Parameters

	given, _ := e.Operation[fieldParameters].(map[string]any)
	if len(given) == 0 {
		return retryParameters{values: former}, nil
	}

	if err := ended.rejectSealed(given); err != nil {
		return retryParameters{}, err
	}

	all := maps.Clone(former)
	if all == nil {
		all = jsonvalue.Object{}
	}

	maps.Copy(all, given)

	entry := ended.input.Program.Scenarios[ended.input.Program.Entry]

	bound, err := entry.Bind(all)
	if problems, ok := errors.AsType[problem.List](err); ok {
		return retryParameters{}, WithProblems(CodeRequestInvalid, under(fieldParameters, problems))
	}

	if err != nil {
		return retryParameters{}, err
	}

	// The other secrets are sealed already.
	replaced := jsonvalue.Object{}
	for name := range given {
		replaced[name] = bound[name]
	}

	if err := e.seal(fieldParameters, entry, replaced); err != nil {
		return retryParameters{}, err
	}

	maps.Copy(bound, replaced)

	formerly, err := entry.Bind(former)
	if err != nil {
		return retryParameters{}, err
	}

	parameters := retryParameters{values: bound}

	for _, name := range slices.Sorted(maps.Keys(replaced)) {
		if !reflect.DeepEqual(bound[name], formerly[name]) {
			parameters.changed = append(parameters.changed, name)
		}
	}

	return parameters, nil
}

// rejectSealed returns an error if a value contains a secret of the ended job as its history does. The other job would open it
// wherever the scenario uses the parameter.
func (e *retriedJob) rejectSealed(given jsonvalue.Object) error {
	encoded, err := json.Marshal(given)
	if err != nil {
		return err
	}

	if slices.ContainsFunc(e.input.Secrets, func(sealed string) bool { return strings.Contains(string(encoded), sealed) }) {
		return Invalid("%s: a value contains an encrypted secret; leave the parameter out to keep its value", fieldParameters)
	}

	return nil
}
