package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/openlineage"
)

const (
	chartFolder     = "../../deploy/chart"
	kubernetesGuide = "../../docs/how-to/deploy-on-kubernetes.md"
)

// chartContainer is a container of the Helm chart, of which the golden files have the manifests.
type chartContainer struct {
	Args []string
	Env  []struct{ Name, Value string }
}

func chartContainers(t *testing.T) []chartContainer {
	t.Helper()

	files, err := filepath.Glob(filepath.Join(chartFolder, "check", "testdata", "*.golden.yaml"))
	require.NoError(t, err)
	require.Len(t, files, 4)

	var containers []chartContainer

	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)

		for document := range strings.SplitSeq(string(text), "---\n") {
			var object struct {
				Spec struct {
					Template struct {
						Spec struct{ Containers []chartContainer }
					}
				}
			}

			require.NoError(t, yaml.Unmarshal([]byte(document), &object))
			containers = append(containers, object.Spec.Template.Spec.Containers...)
		}
	}

	return containers
}

func TestFlagsOfTheChartExist(t *testing.T) {
	t.Parallel()

	ran := map[string]bool{}

	for _, container := range chartContainers(t) {
		found, arguments, err := command().Find(container.Args)
		require.NoError(t, err)
		require.NoError(t, found.ParseFlags(arguments), container.Args)
		require.NoError(t, cobra.NoArgs(found, found.Flags().Args()))

		ran[found.Name()] = true
	}

	require.Equal(t, []string{"apiserver", "setup", "worker"}, slices.Sorted(maps.Keys(ran)))
}

// extraArgs are the flags that the values of the chart's tests pass beside those that have values of their own.
func extraArgs(t *testing.T) []string {
	t.Helper()

	text, err := os.ReadFile(filepath.Join(chartFolder, "check", "testdata", "everything.yaml"))
	require.NoError(t, err)

	type process struct {
		ExtraArgs []string `yaml:"extraArgs"`
	}

	var values struct {
		APIServer process `yaml:"apiserver"`
		Workers   []process
	}

	require.NoError(t, yaml.Load(text, &values))

	extra := values.APIServer.ExtraArgs
	for _, pool := range values.Workers {
		extra = append(extra, pool.ExtraArgs...)
	}

	return extra
}

// A flag has a value in the chart, or its README says that it has none.
func TestFlagsWithoutAValueOfTheChartAreDocumented(t *testing.T) {
	t.Parallel()

	extra := extraArgs(t)
	require.NotEmpty(t, extra)

	without := map[string]map[string]bool{}

	for _, container := range chartContainers(t) {
		arguments := slices.DeleteFunc(slices.Clone(container.Args), func(argument string) bool { return slices.Contains(extra, argument) })

		found, flags, err := command().Find(arguments)
		require.NoError(t, err)

		if without[found.Name()] == nil {
			without[found.Name()] = map[string]bool{}

			found.Flags().VisitAll(func(flag *pflag.Flag) { without[found.Name()]["--"+flag.Name] = true })
		}

		for _, argument := range flags {
			name, _, _ := strings.Cut(argument, "=")
			delete(without[found.Name()], name)
		}
	}

	readme, err := os.ReadFile(filepath.Join(chartFolder, "jobwright", "README.md"))
	require.NoError(t, err)

	rows := strings.Split(string(readme), "\n")

	for name, flags := range without {
		row := "| `" + name + "` | `" + strings.Join(slices.Sorted(maps.Keys(flags)), "`, `") + "` |"
		require.True(t, slices.Contains(rows, row),
			"give a new flag a value in the chart and in everything.yaml of its tests, or list it in the chart's README: %s", row)
	}
}

// The variables of Jobwright, which the help of the command lists.
func TestVariablesOfTheChartExist(t *testing.T) {
	t.Parallel()

	checked := map[string]bool{}

	for _, container := range chartContainers(t) {
		found, _, err := command().Find(container.Args)
		require.NoError(t, err)

		for _, variable := range container.Env {
			switch variable.Name {
			case openlineage.URLVariable, openlineage.KeyVariable, openlineage.NamespaceVariable:
				require.Contains(t, found.Long, openLineageVariables)
			case clientSecretVariable:
				require.Contains(t, found.Long, clientSecretLine)
			default:
				require.False(t, strings.HasPrefix(variable.Name, "JOBWRIGHT_"), "no process reads %s", variable.Name)

				continue
			}

			checked[variable.Name] = true
		}
	}

	require.Len(t, checked, 4)
}

// Commands that the guide runs in containers, which no test does.
func TestCommandsOfTheKubernetesGuideExist(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile(kubernetesGuide)
	require.NoError(t, err)

	ran := map[string]bool{}

	for _, found := range inContainer.FindAllStringSubmatch(string(text), -1) {
		arguments := strings.Fields(found[1])

		matched, rest, err := command().Find(arguments)
		require.NoError(t, err, found[0])
		require.NoError(t, matched.ParseFlags(rest), found[0])
		require.NoError(t, matched.ValidateArgs(matched.Flags().Args()), found[0])

		ran[matched.Name()] = true
	}

	for _, name := range []string{"status", "ramp", "set-current", "drain", "replay"} {
		require.True(t, ran[name], "the guide does not run %s", name)
	}
}

// inContainer matches a command for a container: the image's own with its name, or its arguments.
var inContainer = regexp.MustCompile(`(?m) -- (?:jobwright )?([a-z].*)$`)

// environment of a container, which records the variables that are asked for.
type chartEnvironment struct {
	values map[string]string
	asked  map[string]bool
}

// LookupEnv returns a variable.
func (e *chartEnvironment) LookupEnv(name string) (string, bool) {
	e.asked[name] = true
	value, ok := e.values[name]

	return value, ok
}

// Environ returns all variables.
func (*chartEnvironment) Environ() []string { return nil }

// A variable with a misspelt name has no effect, and no error says so.
func TestTemporalVariablesOfTheChartExist(t *testing.T) {
	t.Parallel()

	checked := 0

	for _, container := range chartContainers(t) {
		environment := &chartEnvironment{values: map[string]string{}, asked: map[string]bool{}}
		for _, variable := range container.Env {
			environment.values[variable.Name] = variable.Value
		}

		profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{DisableFile: true, EnvLookup: environment})
		require.NoError(t, err)
		require.NotEmpty(t, profile.Address)

		for name := range environment.values {
			if strings.HasPrefix(name, "TEMPORAL_") {
				require.True(t, environment.asked[name], "Temporal's SDK does not read %s", name)

				checked++
			}
		}
	}

	require.Positive(t, checked)
}
