package app

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
)

const manifestFile = "app.yaml"

// The fields of app.yaml.
const (
	fieldDescription = "description"
	fieldSources     = "sources"
	fieldVariables   = "variables"
	fieldAccess      = "access"
)

// readManifest reads the text of an app's app.yaml into the app. The error is a [problem.List] with every mistake, its line and
// its column. all are the IDs of all apps.
func readManifest(text []byte, into *App, secrets Secrets, all []string) error {
	into.Sources = map[string]source.Definition{}
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
	fields := r.object(root, "", []string{fieldDescription, fieldSources, fieldVariables, fieldAccess})

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

	if field, given := fields[fieldAccess]; given {
		for i, entry := range r.list(field.value, fieldAccess) {
			r.access(entry, fmt.Sprintf("%s[%d]", fieldAccess, i))
		}
	}
}

func (r *manifestReader) access(node *yaml.Node, path string) {
	fields := r.object(node, path, []string{"name", "key", "rights"})
	text := func(name string) string {
		if _, given := fields[name]; !given {
			return ""
		}

		return r.text(fields[name].value, path+"."+name)
	}
	place := func(name string) *yaml.Node {
		if found, given := fields[name]; given {
			return found.value
		}

		return node
	}

	access := Access{Name: text("name"), Key: text("key")}

	if access.Name == job.AnyAccess {
		r.addf(place("name"), path+".name", "the name %q stands for every access; choose another name", access.Name)
	}

	if reference, ok := secret.Parse(access.Key); ok {
		r.reference(place("key"), path+".key", reference)
	} else {
		r.addf(place("key"), path+".key", "the key of %q must be a reference, for example ${env:%sKEY}", access.Name,
			r.secrets.prefix(r.app.ID))
	}

	if rights, given := fields["rights"]; given {
		for i, entry := range r.list(rights.value, path+".rights") {
			at := fmt.Sprintf("%s.rights[%d]", path, i)
			right := Right(r.text(entry, at))

			if right != Execute && right != Status && right != Signal {
				r.addf(entry, at, "unknown right %q; there are %s, %s and %s", right, Execute, Status, Signal)
			}

			access.Rights = append(access.Rights, right)
		}
	}

	r.app.Access = append(r.app.Access, access)
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
func (r *manifestReader) placeOf(path string) *yaml.Node {
	for at := path; at != ""; at = problem.ParentPath(at) {
		if node, ok := r.places[at]; ok {
			return node
		}
	}

	return &yaml.Node{Line: 1, Column: 1}
}
