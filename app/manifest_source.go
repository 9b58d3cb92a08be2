package app

import (
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
	if declared.value.Kind != yaml.MappingNode && !isNull(declared.value) {
		r.wrongf(declared, "the source %s must be an object with a kind and its options", name)

		return
	}

	fields := r.object(declared)

	given := fields[fieldKind]
	if given.isEmpty() || given.value.Kind != yaml.ScalarNode {
		r.wrongKeyf(declared, "the source %s has no kind; the kinds are %s", name, strings.Join(kind.Names(), ", "))

		return
	}

	chosen := given.value.Value

	of, isKnown := kind.Options(chosen)
	if !isKnown {
		r.wrongf(given, "there is no kind of source %s; %s", chosen, problem.Suggest(chosen, kind.Names()))

		return
	}

	delete(fields, fieldKind)
	r.capacity(name, fields)

	whole := option{field: field{value: declared.key, path: declared.path}, of: of, source: name, kind: chosen}
	options := r.options(whole, fields)
	r.app.Sources[name] = source.Definition{Name: name, Kind: chosen, Options: options}

	if at := fields["path"]; at.isGiven() {
		r.reachable(at, r.app.Sources[name])
	}
}

// option is an option of a source, or the source itself, while it is read.
type option struct {
	field

	of     reflect.Type
	secret string // The tag of its field; see package kind.
	source string // The name of the source.
	kind   string // The kind of the source.
}

// inner returns an option within the option.
func (o option) inner(at field, of reflect.Type) option {
	return option{field: at, of: of, source: o.source, kind: o.kind}
}

// options reads the fields of an object of options.
func (r *manifestReader) options(parent option, fields map[string]field) map[string]any {
	known := map[string]reflect.StructField{}
	fields = maps.Clone(fields)

	for _, of := range reflect.VisibleFields(parent.of) {
		name := of.Tag.Get("json")
		known[name] = of

		if of.Tag.Get("required") == "true" && fields[name].isEmpty() {
			r.addf(parent.value, problem.JoinPath(parent.path, name), "the source %s needs the option %s", parent.source,
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
		if !isKnown {
			r.wrongKeyf(fields[name], "%s has no option %s; %s", parent.kind, optionName(parent, name),
				problem.Suggest(name, names))

			continue
		}

		inner := parent.inner(fields[name], of.Type)
		inner.secret = of.Tag.Get("secret")
		values[name] = r.option(inner)
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
		return r.options(o, r.object(o.field))
	case reflect.Map:
		return r.optionTexts(o)
	case reflect.Slice:
		list := []any{}

		for _, entry := range r.list(o.field) {
			list = append(list, r.option(o.inner(entry, o.of.Elem())))
		}

		return list
	case reflect.String:
		return r.optionText(o)
	case reflect.Bool:
		value := r.value(o.field)
		if _, ok := value.(bool); !ok {
			r.wrongf(o.field, "%s must be true or false, but is %s", o.path, jsonvalue.Describe(value))
		}

		return value
	default:
		value := r.value(o.field)
		if _, ok := value.(int64); !ok {
			r.wrongf(o.field, "%s must be an integer, but is %s", o.path, jsonvalue.Describe(value))
		}

		return value
	}
}

// optionTexts reads an option that is an object of texts.
func (r *manifestReader) optionTexts(o option) any {
	fields := r.object(o.field)
	texts := map[string]any{}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		inner := o.inner(fields[name], o.of.Elem())
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
	if o.value.Kind != yaml.ScalarNode || slices.Contains([]string{"!!null", "!!int", "!!float", "!!bool"}, o.value.ShortTag()) {
		r.wrongf(o.field, "%s must be text, but is %s", o.path, described(o.value, r.value(o.field)))

		return nil
	}

	text := o.value.Value
	references := secret.References(text)

	for _, reference := range references {
		r.reference(o.field, reference)
	}

	literal := o.secret == "true" && text != "" && len(references) == 0
	if literal || o.secret == "url" && hasPassword(text) {
		r.wrongf(o.field,
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
func (r *manifestReader) reference(in field, reference secret.Reference) {
	if err := r.secrets.check(reference, r.app.ID, r.all); err != nil {
		r.wrongf(in, "%v", err)
	}
}

// reachable checks that a path does not lead to the definition of an app. The driver checks it again when it opens the source:
// only then are secrets in the path known, and the links of the worker's machine.
func (r *manifestReader) reachable(at field, of source.Definition) {
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
		r.wrongf(at, "the source %s can't be used: %v; %s", of.Name, err, guard.Hint)
	}
}

// isEmpty reports whether the value of a field is missing or an empty text.
func (f field) isEmpty() bool {
	return f.isMissing() || f.value.Kind == yaml.ScalarNode && f.value.Value == ""
}
