package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.yaml.in/yaml/v4"
)

// chartContainer is a container of the Helm chart, of which the golden files have the manifests.
type chartContainer struct {
	Args []string
	Env  []struct{ Name, Value string }
}

func chartContainers(t *testing.T) []chartContainer {
	t.Helper()

	files, err := filepath.Glob("../../deploy/chart/check/testdata/*.golden.yaml")
	require.NoError(t, err)
	require.Len(t, files, 3)

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
