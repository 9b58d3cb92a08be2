package app

import (
	"maps"
	pathpkg "path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

const manifestFile = "app.yaml"

// The fields of app.yaml.
const (
	fieldDescription = "description"
	fieldSources     = "sources"
	fieldVariables   = "variables"
	fieldAccess      = "access"
	fieldLimits      = "limits"
	fieldExecution   = "execution"
	fieldTaskQueue   = "taskQueue" // Also of a source.
	fieldCallbacks   = "callbacks"
	fieldSchedules   = "schedules"
)

// The fields of an access by which an API server identifies the holder.
const (
	fieldKey    = "key"
	fieldKeys   = "keys"
	fieldClaims = "claims"
	fieldNexus  = "nexus"
)

// readManifest reads the text of an app's app.yaml into the app. The error is a [problem.List] with every mistake, its line and
// its column. all are the IDs of all apps.
func readManifest(text []byte, into *App, secrets Secrets, all []string) error {
	into.Sources, into.Capacities = map[string]source.Definition{}, map[string]Capacity{}
	r := &manifestReader{app: into, secrets: secrets, all: all, places: map[string]*yaml.Node{}}

	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		found := validation.SyntaxProblem(text, err)
		found.Code, found.File = job.CodeAppInvalid, manifestFile
		r.problems.Add(found)
	} else if len(document.Content) == 0 || isNull(document.Content[0]) {
		r.addf(&yaml.Node{Line: 1, Column: 1}, "", "the file is empty") // An editor may be about to write it.
	} else {
		r.document(resolveAlias(document.Content[0]))
	}

	return r.problems.Err()
}

func (r *manifestReader) document(root *yaml.Node) {
	fields := r.object(field{value: root}, fieldDescription, fieldSources, fieldVariables, fieldAccess, fieldLimits,
		fieldExecution, fieldTaskQueue, fieldCallbacks, fieldSchedules)

	r.app.Description = r.text(fields[fieldDescription])

	sources := r.object(fields[fieldSources])
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		r.source(name, sources[name])
	}

	r.variables(fields[fieldVariables])
	r.limits(fields[fieldLimits])
	r.execution(fields[fieldExecution])
	r.app.TaskQueue = r.taskQueue(fields[fieldTaskQueue])
	r.callbacks(fields[fieldCallbacks])

	for _, entry := range r.list(fields[fieldAccess]) {
		r.access(entry)
	}

	r.schedules(fields[fieldSchedules])
}

func (r *manifestReader) access(of field) {
	const nameField, rights, scenarios, operations = "name", "rights", "scenarios", "operations"

	fields := r.object(of, nameField, fieldKey, fieldKeys, fieldClaims, fieldNexus, rights, scenarios, operations)
	access := Access{Name: r.text(fields[nameField]), Key: r.text(fields[fieldKey])}

	switch access.Name {
	case "":
		r.addf(of.value, of.path+"."+nameField, "the access has no name; callers and logs refer to it by its name")
	case job.AnyAccess:
		r.wrongf(fields[nameField], "the name %q stands for every access; choose another name", access.Name)
	}

	r.credentials(of, fields, &access)

	access.Rights = r.rights(fields[rights])
	access.Scenarios = r.names(fields[scenarios], func(entry field, pattern string) {
		if _, err := pathpkg.Match(pattern, ""); err != nil {
			r.wrongf(entry, "%s is not a pattern of names such as Load*", pattern)
		}
	})
	access.Operations = r.names(fields[operations], func(entry field, name string) {
		if known := scenario.OperationNames(); name != Every && !slices.Contains(known, name) {
			r.wrongf(entry, "unknown operation %s; %s", name, problem.Suggest(name, known))
		}
	})

	r.app.Access = append(r.app.Access, access)
}

// limits reads the limits of the app.
func (r *manifestReader) limits(declared field) {
	const query, step = "queryTimeout", "maxStepTimeout"

	fields := r.object(declared, query, step, fieldRunningJobs, fieldWhenFull, fieldCallsPerMinute, fieldWeight)
	r.quota(fields)
	r.app.Limits = scenario.Limits{
		QueryTimeout: r.duration(fields[query], query), MaxStepTimeout: r.duration(fields[step], step),
	}

	if most := r.app.Limits.MaxStepTimeout; most > 0 && r.app.Limits.QueryTimeout > most {
		r.wrongf(fields[query], "%s is greater than %s", query, step)
	}
}

// execution reads the default of the app's scenarios.
func (r *manifestReader) execution(of field) {
	r.app.Execution = scenario.Execution(r.text(of))

	if of.isGiven() && !slices.Contains(scenario.Executions(), r.app.Execution) {
		r.wrongf(of, "%s must be %s", fieldExecution, scenario.FormExecution)
	}
}

// duration reads a limit that is a duration, or 0 if it is missing.
func (r *manifestReader) duration(of field, name string) scenario.Duration {
	if !of.isGiven() {
		return 0
	}

	parsed, err := time.ParseDuration(of.value.Value)
	if err != nil || parsed <= 0 || of.value.Kind != yaml.ScalarNode {
		r.wrongf(of, "%s must be a duration above zero such as 90s or 1h30m", name)

		return 0
	}

	return scenario.Duration(parsed)
}

// rights reads the rights of an access.
func (r *manifestReader) rights(of field) (rights []Right) {
	names := r.names(of, func(entry field, name string) {
		if !slices.Contains(Rights(), Right(name)) {
			r.wrongf(entry, "unknown right %q; there are %s", name, joined(Rights(), ", "))
		}
	})
	if names != nil && len(names) == 0 {
		r.wrongKeyf(of, "the list of rights is empty; name rights, or remove the field for the default")
	}

	for _, name := range names {
		rights = append(rights, Right(name))
	}

	return rights
}

// joined returns the values of an enumeration in one text.
func joined[T ~string](values []T, separator string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}

	return strings.Join(texts, separator)
}

// variables reads the declarations of the app's variables, whose values are as exact as those of scenarios.
func (r *manifestReader) variables(declared field) {
	parsed, err := validation.ParseVariables(fieldVariables, r.values(r.object(declared)))
	r.app.Variables = parsed
	r.addAll(err)
}

// nearest returns the node of a path, or the nearest one around it.
func nearest(places map[string]*yaml.Node, path string) *yaml.Node {
	for at := path; at != ""; at = problem.ParentPath(at) {
		if node, ok := places[at]; ok {
			return node
		}
	}

	return &yaml.Node{Line: 1, Column: 1}
}
