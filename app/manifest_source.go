package app

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/guard"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/secret"
)

const fieldKind = "kind"

// source reads the definition of a source. Its options are those of package kind.
func (r *manifestReader) source(name string, declared field) {
	path := problem.JoinPath(fieldSources, name)

	if declared.value.Kind != yaml.MappingNode && !isNull(declared.value) {
		r.addf(declared.value, path, "the source %s must be an object with a kind and its options", name)

		return
	}

	fields := r.object(declared.value, path, nil)

	given, hasKind := fields[fieldKind]
	if !hasKind || isEmpty(given.value) || given.value.Kind != yaml.ScalarNode {
		r.addf(declared.key, path, "the source %s has no kind; the kinds are %s", name, strings.Join(kind.Names(), ", "))

		return
	}

	chosen := given.value.Value

	of, isKnown := kind.Options(chosen)
	if !isKnown {
		r.addf(given.value, path+"."+fieldKind, "there is no kind of source %s; %s", chosen,
			problem.Suggest(chosen, kind.Names()))

		return
	}

	delete(fields, fieldKind)
	r.capacity(name, path, fields)

	options := r.options(option{node: declared.key, path: path, of: of, source: name, kind: chosen}, fields)
	r.app.Sources[name] = source.Definition{Name: name, Kind: chosen, Options: options}

	if at, ok := fields["path"]; ok {
		r.reachable(at.value, path+".path", r.app.Sources[name])
	}
}

// option is an option of a source, or the source itself, while it is read.
type option struct {
	node   *yaml.Node
	path   string
	of     reflect.Type
	secret string // The tag of its field; see package kind.
	source string // The name of the source.
	kind   string // The kind of the source.
}

// options reads the fields of an object of options.
func (r *manifestReader) options(parent option, fields map[string]field) map[string]any {
	known := map[string]reflect.StructField{}
	fields = maps.Clone(fields)

	for _, of := range reflect.VisibleFields(parent.of) {
		name := of.Tag.Get("json")
		known[name] = of

		if given, ok := fields[name]; of.Tag.Get("required") == "true" && (!ok || isEmpty(given.value)) {
			r.addf(parent.node, problem.JoinPath(parent.path, name), "the source %s needs the option %s", parent.source,
				optionName(parent, name))
			delete(fields, name)
		}
	}

	names := slices.Sorted(maps.Keys(known))
	if parent.path == problem.JoinPath(fieldSources, parent.source) {
		names = append(names, capacityFields()...)
		slices.Sort(names)
	}

	values := map[string]any{}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		of, isKnown := known[name]
		at := problem.JoinPath(parent.path, name)

		if !isKnown {
			r.addf(fields[name].key, at, "%s has no option %s; %s", parent.kind, optionName(parent, name),
				problem.Suggest(name, names))

			continue
		}

		values[name] = r.option(option{
			node: fields[name].value, path: at, of: of.Type, secret: of.Tag.Get("secret"), source: parent.source,
			kind: parent.kind,
		})
	}

	return values
}

// optionName returns the name of an option within the source, such as oauth2.scopes.
func optionName(parent option, name string) string {
	within := strings.TrimPrefix(parent.path, problem.JoinPath(fieldSources, parent.source))

	return problem.JoinPath(strings.TrimPrefix(within, "."), name)
}

// option reads the value of an option.
func (r *manifestReader) option(o option) any {
	if o.of.Kind() == reflect.Pointer {
		o.of = o.of.Elem()
	}

	switch o.of.Kind() {
	case reflect.Struct:
		return r.options(o, r.object(o.node, o.path, nil))
	case reflect.Map:
		return r.optionTexts(o)
	case reflect.Slice:
		list := []any{}

		for i, entry := range r.list(o.node, o.path) {
			list = append(list, r.option(option{
				node: entry, path: fmt.Sprintf("%s[%d]", o.path, i), of: o.of.Elem(), source: o.source, kind: o.kind,
			}))
		}

		return list
	case reflect.String:
		return r.optionText(o)
	case reflect.Bool:
		value := r.value(o.node, o.path)
		if _, ok := value.(bool); !ok {
			r.addf(o.node, o.path, "%s must be true or false, but is %s", o.path, jsonvalue.Describe(value))
		}

		return value
	default:
		value := r.value(o.node, o.path)
		if _, ok := value.(int64); !ok {
			r.addf(o.node, o.path, "%s must be an integer, but is %s", o.path, jsonvalue.Describe(value))
		}

		return value
	}
}

// optionTexts reads an option that is an object of texts.
func (r *manifestReader) optionTexts(o option) any {
	fields := r.object(o.node, o.path, nil)
	texts := map[string]any{}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		inner := option{
			node: fields[name].value, path: problem.JoinPath(o.path, name), of: o.of.Elem(), source: o.source, kind: o.kind,
		}
		if o.secret == "header" && secretHeader.MatchString(name) {
			inner.secret = "true"
		}

		texts[name] = r.optionText(inner)
	}

	return texts
}

// secretHeader matches the names of headers that contain secrets.
var secretHeader = regexp.MustCompile(`(?i)^(proxy-)?authorization$|^cookie$|token|secret|password|api-?key`)

// optionText reads an option that is text. It checks that the app may refer to its secrets, and that secrets are references.
func (r *manifestReader) optionText(o option) any {
	if o.node.Kind != yaml.ScalarNode || slices.Contains([]string{"!!null", "!!int", "!!float", "!!bool"}, o.node.ShortTag()) {
		r.addf(o.node, o.path, "%s must be text, but is %s", o.path, described(o.node, r.value(o.node, o.path)))

		return nil
	}

	text := o.node.Value
	references := secret.References(text)

	for _, reference := range references {
		r.reference(o.node, o.path, reference)
	}

	literal := o.secret == "true" && text != "" && len(references) == 0
	if literal || o.secret == "url" && hasPassword(text) {
		r.addf(o.node, o.path,
			"%s contains a secret, which must not be in the file; "+
				"write ${env:%s} and set this variable in the environment of the workers",
			o.path, r.secrets.prefix(r.app.ID)+variableName(o.source+"_"+lastName(o.path)))
	}

	return text
}

// described describes a value that should be text, with the remedy if it can be meant as text.
func described(node *yaml.Node, value any) string {
	if node.Kind == yaml.ScalarNode && !isNull(node) {
		return jsonvalue.Describe(value) + "; quote it"
	}

	return jsonvalue.Describe(value)
}

// lastName returns the last name of a path, as text for a variable.
func lastName(path string) string { return path[strings.LastIndexAny(path, ".[")+1:] }

// passwords match the passwords in URLs, in data source names and in lists of keywords.
var passwords = []*regexp.Regexp{
	regexp.MustCompile(`^[\w+.-]+://[^/?#@:]*:([^/?#@]+)@`),
	regexp.MustCompile(`^[^/?#@:\s]*:([^/@]+)@`),
	regexp.MustCompile(`(?i)(?:^|[\s?&])(?:password|pwd)\s*=\s*('[^']+'|[^\s&']+)`),
}

// hasPassword reports whether a URL or a connection string contains a password that is no reference.
func hasPassword(text string) bool {
	for _, pattern := range passwords {
		if match := pattern.FindStringSubmatch(text); len(match) > 1 && len(secret.References(match[1])) == 0 {
			return true
		}
	}

	return false
}

// reference checks that the app may refer to a secret.
func (r *manifestReader) reference(node *yaml.Node, path string, reference secret.Reference) {
	if err := r.secrets.check(reference, r.app.ID, r.all); err != nil {
		r.addf(node, path, "%v", err)
	}
}

// reachable checks that a path does not lead to the definition of an app. The driver checks it again when it opens the source:
// only then are secrets in the path known, and the links of the worker's machine.
func (r *manifestReader) reachable(node *yaml.Node, path string, of source.Definition) {
	text, _ := of.Options["path"].(string)
	if text == "" || len(secret.References(text)) > 0 {
		return
	}

	var err error

	switch place := r.app.Place(""); {
	case of.Kind == kind.FileSource && filepath.IsAbs(text):
		err = guard.Folder(place, text)
	case of.Kind == kind.FileSource:
		err = guard.Folder(place, filepath.Join(r.app.Dir, text))
	case of.Kind == kind.SQLiteSource && filepath.IsAbs(text):
		err = guard.File(place, text)
	}

	if err != nil {
		r.addf(node, path, "the source %s can't be used: %v; %s", of.Name, err, guard.Hint)
	}
}

// isEmpty reports whether a value is missing or an empty text.
func isEmpty(node *yaml.Node) bool {
	return isNull(node) || node.Kind == yaml.ScalarNode && node.Value == ""
}
