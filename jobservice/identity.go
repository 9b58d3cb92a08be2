package jobservice

import (
	"errors"
	"maps"
	"slices"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// identity distinguishes the request of a call from others with the same jobId.
type identity struct {
	fingerprint  string
	fieldDigests map[string]string
}

// identityOf returns the identity that a job's memo contains, and the secrets in it.
func (s *Service) identityOf(described *workflowservice.DescribeWorkflowExecutionResponse) (identity, job.SealedParameters) {
	return identity{
		fingerprint:  memoField[string](s, described, job.MemoFingerprint),
		fieldDigests: memoField[map[string]string](s, described, job.MemoFieldDigests),
	}, memoField[job.SealedParameters](s, described, job.MemoSealed)
}

// identity returns the identity of the call. Of the sealed parameters, it contains a digest that only the holder of their key
// can compute, so that the memo of a job does not help to guess them.
func (e *execution) identity(sealed job.SealedParameters) (found identity, err error) {
	operation := e.Operation

	if len(sealed.Names) > 0 {
		if operation, err = e.withDigests(sealed); err != nil {
			return found, err
		}
	}

	if found.fingerprint, err = job.Fingerprint(e.Caller.App.ID, operation); err != nil {
		return found, err
	}

	found.fieldDigests, err = job.FieldDigests(e.Caller.App.ID, operation)

	return found, err
}

// fieldParameters is the field of a request with the parameters of a scenario.
const fieldParameters = "parameters"

// withDigests returns the operation with digests in place of the sealed parameters.
func (e *execution) withDigests(sealed job.SealedParameters) (jsonvalue.Object, error) {
	operation := maps.Clone(e.Operation)

	holder := map[string]any(operation) // Of a retry, see [retriedJob.identity].
	if opParams, ok := operation["opParams"].(map[string]any); ok {
		holder = maps.Clone(opParams)
		operation["opParams"] = holder
	}

	parameters, _ := holder[fieldParameters].(map[string]any)
	if parameters = maps.Clone(parameters); parameters == nil {
		return operation, nil
	}

	for _, name := range sealed.Names {
		value, isText := parameters[name].(string)
		if !isText {
			continue
		}

		digest, err := e.keys.Digest(sealed.KeyID, value, e.placeOf(name))
		if err != nil {
			return nil, secretKeyMissing(err)
		}

		parameters[name] = digest
	}

	holder[fieldParameters] = parameters

	return operation, nil
}

// seal seals the values of the scenario's secret parameters. place is where they are in the request.
func (e *execution) seal(place string, of scenario.Scenario, bound jsonvalue.Object) error {
	for _, parameter := range of.Parameters {
		value, isText := bound[parameter.Name].(string)
		if !parameter.Secret || !isText {
			continue
		}

		if len(value) < seal.MinLength {
			return Invalid("%s.%s: a secret has at least %d bytes; a shorter one could not be hidden in errors and results",
				place, parameter.Name, seal.MinLength)
		}

		sealed, err := e.keys.Seal(value, e.placeOf(parameter.Name))
		if err != nil {
			return secretKeyMissing(err)
		}

		bound[parameter.Name] = sealed.String()
		e.sealed.KeyID = sealed.KeyID
		e.sealed.Names = append(e.sealed.Names, parameter.Name)
		e.secrets = append(e.secrets, sealed.String())
	}

	slices.Sort(e.sealed.Names)

	return nil
}

// placeOf returns the only place where the value of a parameter of this job can be opened.
func (e *execution) placeOf(parameter string) seal.Place {
	return seal.Place{AppID: e.Caller.App.ID, JobID: e.JobID, Parameter: parameter}
}

// secretKeyMissing returns the error of a call with a secret for which the server has no key.
func secretKeyMissing(err error) error {
	if !errors.Is(err, seal.ErrKeyMissing) {
		return err
	}

	return NewError(CodeSecretKeyMissing,
		"the scenario has a secret parameter, but this server can't encrypt or compare it; an operator has to set the same key "+
			"for API servers and workers, in %s or by --secret-key-file", seal.Variable)
}
