package reference_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/internal/reference"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// With update, the tests write the generated parts of docs instead of comparing them.
var update = flag.Bool("update", false, "write the generated parts of docs")

const thePage = "scenarios.md"

// documentation is the path of a file in docs.
func documentation(name string) string { return filepath.Join("..", "..", "docs", name) }

func readDocumentation(t *testing.T, name string) string {
	t.Helper()

	text, err := os.ReadFile(documentation(name))
	require.NoError(t, err)

	return string(text)
}

var generated = regexp.MustCompile(`(?s)<!-- generated: ([\w ]+) -->\n(.*?)\n<!-- /generated -->`)

// Each page contains each of its generated sections once, in order.
func TestPagesContainGeneratedSections(t *testing.T) {
	t.Parallel()

	for name, sections := range map[string][]reference.Section{
		thePage: reference.Sections(), "formats.md": reference.FormatSections(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			page := readDocumentation(t, name)
			texts := map[string]string{}

			var want, have []string

			for _, section := range sections {
				texts[section.Name] = section.Text
				want = append(want, section.Name)
			}

			for _, found := range generated.FindAllStringSubmatch(page, -1) {
				have = append(have, found[1])
			}

			require.Equal(t, want, have)

			current := generated.ReplaceAllStringFunc(page, func(found string) string {
				section := generated.FindStringSubmatch(found)[1]

				return "<!-- generated: " + section + " -->\n\n" + texts[section] + "\n<!-- /generated -->"
			})

			if *update {
				require.NoError(t, os.WriteFile(documentation(name), []byte(current), 0o600))

				return
			}

			require.Equal(t, current, page, "run the test with -update")
		})
	}
}

// The page has a row with type, default and meaning for each field of a format.
func TestFormatReferenceListsFormatFields(t *testing.T) {
	t.Parallel()

	page := readDocumentation(t, "formats.md")

	for _, field := range reflect.VisibleFields(reflect.TypeFor[source.Format]()) {
		if field.Anonymous {
			continue
		}

		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		require.Regexp(t, "\n\\| `"+name+"` \\| (text|boolean|a list of texts|an object of [^|]+) \\| [^|]+ \\| [^|]+ \\|\n", page)
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?\n)```$")

// examples returns the scenarios of docs/scenarios.md and docs/formats.md, and the environment that the app.yaml of the first
// page defines. Examples that are only steps become a scenario with the parameter country.
func examples(t *testing.T) ([]string, validation.Environment) {
	t.Helper()

	blocks := yamlBlock.FindAllStringSubmatch(readDocumentation(t, thePage), -1)
	require.NotEmpty(t, blocks)

	var manifest struct {
		Sources   map[string]any
		Variables map[string]any
		Access    []struct{ Name string }
	}

	require.NoError(t, yaml.Load([]byte(blocks[0][1]), &manifest))
	require.NotEmpty(t, manifest.Variables)

	variables, err := validation.ParseVariables("variables", manifest.Variables)
	require.NoError(t, err)

	app := validation.Environment{Variables: variables}
	for name := range manifest.Sources {
		app.Sources = append(app.Sources, name)
	}

	for _, access := range manifest.Access {
		app.Access = append(app.Access, access.Name)
	}

	blocks = append(blocks[1:], yamlBlock.FindAllStringSubmatch(readDocumentation(t, "formats.md"), -1)...)

	var scenarios []string

	for _, block := range blocks {
		text := block[1]
		if strings.HasPrefix(text, "- ") {
			text = "parameters: {country: {type: text}}\nsteps:\n" + text
		}

		scenarios = append(scenarios, text)
	}

	return scenarios, app
}

func TestScenariosOfThePageAreValid(t *testing.T) {
	t.Parallel()

	scenarios, app := examples(t)
	shown := map[string]bool{}

	for _, text := range scenarios {
		_, err := validation.Parse(thePage, []byte(text), app)
		require.NoError(t, err, text)

		for _, operation := range scenario.Operations() {
			if strings.Contains(text, "opName: "+operation.Name+"\n") {
				shown[operation.Name] = true
			}
		}
	}

	for _, operation := range scenario.Operations() {
		require.True(t, shown[operation.Name], "the page has no example of %s", operation.Name)
	}
}

// A function is a row of the tables of functions in the page.
type function struct{ name, signature, example, result string }

var functionRow = regexp.MustCompile("(?m)^\\| `((\\w+)\\(.*?\\))` \\| .+? \\| `(.+)` → `(.+)` \\|$")

// everyFunction returns the functions that the page describes.
func everyFunction(t *testing.T) (all []function) {
	t.Helper()

	for _, row := range functionRow.FindAllStringSubmatch(readDocumentation(t, thePage), -1) {
		unescape := strings.NewReplacer(`\|`, "|").Replace
		all = append(all, function{row[2], row[1], unescape(row[3]), unescape(row[4])})
	}

	return all
}

func TestReferenceContainsEveryFunction(t *testing.T) {
	t.Parallel()

	described := []string{"identifier"} // It has no value by itself: the section on queries describes it.

	for _, function := range everyFunction(t) {
		require.Contains(t, function.example, function.name+"(")

		described = append(described, function.name)
	}

	slices.Sort(described)
	require.Equal(t, expression.FunctionNames(), slices.Compact(described))
}

func TestFunctionExamplesHaveDocumentedResults(t *testing.T) {
	t.Parallel()

	moment := expression.Moment{Now: time.Date(2026, time.January, 31, 9, 30, 0, 0, time.UTC), Seed: "job/1"}
	app := validation.Environment{Sources: []string{"stage"}}

	for _, function := range everyFunction(t) {
		t.Run(function.signature, func(t *testing.T) {
			t.Parallel()

			// It passes the check of a scenario.
			params := jsonvalue.Object{"name": "x", "value": "${" + function.example + "}"}
			_, err := validation.ParseOperation(jsonvalue.Object{"opName": scenario.OpSetVariable, "opParams": map[string]any(params)}, app)
			require.NoError(t, err)

			value, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate(params["value"], moment)
			require.NoError(t, err)

			text, err := json.Marshal(jsonvalue.Plain{Any: value})
			require.NoError(t, err)
			require.Equal(t, function.result, string(text))
		})
	}
}
