package app

import (
	"errors"
	"fmt"
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
	fields := r.object(root, "", []string{
		fieldDescription, fieldSources, fieldVariables, fieldAccess, fieldLimits, fieldExecution,
		fieldTaskQueue, fieldCallbacks, fieldSchedules,
	})

	if field, given := fields[fieldDescription]; given {
		r.app.Description = r.text(field.value, fieldDescription)
	}

	if field, given := fields[fieldSources]; given {
		sources := r.object(field.value, fieldSources, nil)
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			r.source(name, sources[name])
		}
	}

	if field, given := fields[fieldVariables]; given {
		r.variables(field.value)
	}

	if field, given := fields[fieldLimits]; given {
		r.limits(field.value)
	}

	if field, given := fields[fieldExecution]; given {
		r.execution(field.value)
	}

	if field, given := fields[fieldTaskQueue]; given {
		r.app.TaskQueue = r.taskQueue(field.value, fieldTaskQueue)
	}

	if field, given := fields[fieldCallbacks]; given {
		r.callbacks(field)
	}

	if field, given := fields[fieldAccess]; given {
		for i, entry := range r.list(field.value, fieldAccess) {
			r.access(entry, fmt.Sprintf("%s[%d]", fieldAccess, i))
		}
	}

	if field, given := fields[fieldSchedules]; given {
		r.schedules(field.value)
	}
}

func (r *manifestReader) access(node *yaml.Node, path string) {
	fields := r.object(node, path, []string{
		"name", fieldKey, fieldKeys, fieldClaims, fieldNexus, "rights", "scenarios", "operations",
	})
	text := func(name string) string {
		if _, given := fields[name]; !given {
			return ""
		}

		return r.text(fields[name].value, path+"."+name)
	}

	access := Access{Name: text("name"), Key: text(fieldKey)}

	switch access.Name {
	case "":
		r.addf(node, path+".name", "the access has no name; callers and logs refer to it by its name")
	case job.AnyAccess:
		r.addf(fields["name"].value, path+".name", "the name %q stands for every access; choose another name", access.Name)
	}

	r.credentials(node, path, fields, &access)

	access.Rights = r.rights(fields["rights"], path+".rights")
	access.Scenarios = r.names(fields["scenarios"], path+".scenarios", func(at *yaml.Node, path, pattern string) {
		if _, err := pathpkg.Match(pattern, ""); err != nil {
			r.addf(at, path, "%s is not a pattern of names such as Load*", pattern)
		}
	})
	access.Operations = r.names(fields["operations"], path+".operations", func(at *yaml.Node, path, name string) {
		if known := scenario.OperationNames(); name != Every && !slices.Contains(known, name) {
			r.addf(at, path, "unknown operation %s; %s", name, problem.Suggest(name, known))
		}
	})

	r.app.Access = append(r.app.Access, access)
}

// limits reads the limits of the app.
func (r *manifestReader) limits(node *yaml.Node) {
	const query, step = "queryTimeout", "maxStepTimeout"

	fields := r.object(node, fieldLimits, []string{
		query, step, fieldRunningJobs, fieldWhenFull, fieldCallsPerMinute, fieldWeight,
	})
	r.quota(fields)
	r.app.Limits = scenario.Limits{
		QueryTimeout: r.duration(fields, query), MaxStepTimeout: r.duration(fields, step),
	}

	if most := r.app.Limits.MaxStepTimeout; most > 0 && r.app.Limits.QueryTimeout > most {
		r.addf(fields[query].value, fieldLimits+"."+query, "%s is greater than %s", query, step)
	}
}

// execution reads the default of the app's scenarios.
func (r *manifestReader) execution(node *yaml.Node) {
	r.app.Execution = scenario.Execution(r.text(node, fieldExecution))

	if !slices.Contains(scenario.Executions(), r.app.Execution) {
		r.addf(node, fieldExecution, "%s must be %s", fieldExecution, scenario.FormExecution)
	}
}

// duration reads a limit that is a duration, or 0 if it is missing.
func (r *manifestReader) duration(fields map[string]field, name string) scenario.Duration {
	given, ok := fields[name]
	if !ok {
		return 0
	}

	parsed, err := time.ParseDuration(given.value.Value)
	if err != nil || parsed <= 0 || given.value.Kind != yaml.ScalarNode {
		r.addf(given.value, fieldLimits+"."+name, "%s must be a duration above zero such as 90s or 1h30m", name)

		return 0
	}

	return scenario.Duration(parsed)
}

// rights reads the rights of an access.
func (r *manifestReader) rights(given field, path string) []Right {
	known := make([]string, len(Rights()))
	for i, right := range Rights() {
		known[i] = string(right)
	}

	names := r.names(given, path, func(at *yaml.Node, path, name string) {
		if !slices.Contains(known, name) {
			r.addf(at, path, "unknown right %q; there are %s", name, strings.Join(known, ", "))
		}
	})
	if names != nil && len(names) == 0 {
		r.addf(given.key, path, "the list of rights is empty; name rights, or remove the field for the default")
	}

	var rights []Right
	for _, name := range names {
		rights = append(rights, Right(name))
	}

	return rights
}

// names reads a list of names, each of which check checks. It returns nil if the field is missing.
func (r *manifestReader) names(given field, path string, check func(at *yaml.Node, path, name string)) []string {
	if given.value == nil {
		return nil
	}

	names := []string{}

	for i, entry := range r.list(given.value, path) {
		at := fmt.Sprintf("%s[%d]", path, i)
		name := r.text(entry, at)

		check(entry, at, name)
		names = append(names, name)
	}

	return names
}

// variables reads the declarations of the app's variables, whose values are as exact as those of scenarios.
func (r *manifestReader) variables(node *yaml.Node) {
	fields := r.object(node, fieldVariables, nil)
	declared := make(map[string]any, len(fields))

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		declared[name] = r.value(fields[name].value, problem.JoinPath(fieldVariables, name))
	}

	parsed, err := validation.ParseVariables(fieldVariables, declared)
	r.app.Variables = parsed

	mistakes, _ := errors.AsType[problem.List](err)
	for _, mistake := range mistakes {
		at := r.placeOf(mistake.Path)
		mistake.File, mistake.Line, mistake.Column = manifestFile, at.Line, at.Column
		mistake.Message = mistake.MessageWithPath()
		r.problems.Add(mistake)
	}
}

// placeOf returns the node of a path, or the nearest one around it.
func (r *manifestReader) placeOf(path string) *yaml.Node { return nearest(r.places, path) }

// nearest returns the node of a path, or the nearest one around it.
func nearest(places map[string]*yaml.Node, path string) *yaml.Node {
	for at := path; at != ""; at = problem.ParentPath(at) {
		if node, ok := places[at]; ok {
			return node
		}
	}

	return &yaml.Node{Line: 1, Column: 1}
}
