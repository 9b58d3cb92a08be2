package jobservice

import (
	"maps"
	"reflect"
	"slices"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// Sources are the sources of an app.
type Sources struct {
	Sources []Source `json:"sources" description:"The sources of the app, in the order of their names."`
}

// Source describes a source of an app, without its secrets.
type Source struct {
	Name  string        `json:"name" description:"The name by which scenarios use the source."`
	Kind  string        `json:"kind" description:"Its kind, for example PgSQLSource."`
	Can   []string      `json:"can" description:"What sources of this kind can do: read tables, query, write, drop tables, execute scripts, request (over HTTP) and files (keep files)."`
	Modes []source.Mode `json:"modes" description:"The modes in which tables can be written; empty if they can't."`

	Options jsonvalue.Object `json:"options,omitempty" description:"With the right operate: the options in app.yaml, except those that are or may contain secrets. References to secrets are not resolved."`

	UsedBy []SourceUse `json:"usedBy" description:"The scenarios that the key may run and that use the source, themselves or in a scenario that they run. Without the right execute, it is empty."`
}

// SourceUse is the use of a source by a scenario.
type SourceUse struct {
	Scenario string `json:"scenario" description:"The scenario."`
	Reads    bool   `json:"reads" description:"Whether it reads from the source."`
	Writes   bool   `json:"writes" description:"Whether it writes to the source."`
}

// Sources returns the sources of the caller's app. Which scenarios use them is known from the definitions of the valid ones.
func (s *Service) Sources(caller Caller) (*Sources, error) {
	uses, err := s.sourceUses(caller)
	if err != nil {
		return nil, err
	}

	found := &Sources{Sources: []Source{}}

	for _, name := range caller.App.SourceNames() {
		definition := caller.App.Sources[name]
		described := Source{
			Name: name, Kind: definition.Kind, Can: []string{}, Modes: []source.Mode{},
			UsedBy: append([]SourceUse{}, uses[name]...),
		}

		for _, ability := range source.Abilities() {
			if kind.Can(definition.Kind, ability) {
				described.Can = append(described.Can, abilityNames[ability])
			}
		}

		for _, mode := range source.Modes() {
			if kind.Can(definition.Kind, source.CanWrite) && kind.Writes(definition.Kind, mode) {
				described.Modes = append(described.Modes, mode)
			}
		}

		if caller.Access.Grants(app.Operate) {
			of, _ := kind.Options(definition.Kind)
			described.Options = publicOptions(of, definition.Options)
			maps.Copy(described.Options, caller.App.Capacities[name].Options())
		}

		found.Sources = append(found.Sources, described)
	}

	return found, nil
}

// abilityNames are the names of abilities for programs.
var abilityNames = map[source.Ability]string{
	source.CanRead: "read", source.CanQuery: "query", source.CanWrite: "write", source.CanDrop: "drop",
	source.CanExecute: "execute", source.CanRequest: "request", source.CanKeepFiles: "files",
}

// sourceUses returns how the scenarios that the caller may run use the sources, by the names of these.
func (s *Service) sourceUses(caller Caller) (map[string][]SourceUse, error) {
	uses := map[string][]SourceUse{}

	if !caller.Access.Grants(app.Execute) {
		return uses, nil
	}

	found, err := s.Scenarios(caller, true)
	if err != nil {
		return nil, err
	}

	for _, scenario := range found.Scenarios {
		if scenario.Lineage == nil {
			continue // It has mistakes.
		}

		for _, name := range caller.App.SourceNames() {
			isOf := func(dataset lineage.Dataset) bool { return dataset.Source == name }
			use := SourceUse{
				Scenario: scenario.Name, Reads: slices.ContainsFunc(scenario.Lineage.Reads, isOf),
				Writes: slices.ContainsFunc(scenario.Lineage.Writes, isOf),
			}

			if use.Reads || use.Writes {
				uses[name] = append(uses[name], use)
			}
		}
	}

	return uses, nil
}

// publicOptions returns the options, of a struct of package kind, whose fields have no tag that says that they can be secret.
func publicOptions(of reflect.Type, options map[string]any) jsonvalue.Object {
	public := jsonvalue.Object{}

	for _, field := range schema.StructFields(of) {
		name := field.Tag.Get("json")
		value, isGiven := options[name]

		if _, isSecret := field.Tag.Lookup("secret"); isSecret || !isGiven {
			continue
		}

		within := field.Type
		if within.Kind() == reflect.Pointer {
			within = within.Elem()
		}

		if object, isObject := value.(map[string]any); isObject && within.Kind() == reflect.Struct {
			value = map[string]any(publicOptions(within, object))
		}

		public[name] = value
	}

	return public
}

// findSource returns an error unless the caller's app has the source.
func findSource(caller Caller, name string) error {
	if _, isKnown := caller.App.Sources[name]; !isKnown {
		return NewError(CodeSourceNotFound, "app %s has no source %s in its app.yaml; %s", caller.App.ID, name,
			problem.Suggest(name, caller.App.SourceNames()))
	}

	return nil
}
