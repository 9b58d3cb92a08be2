package check

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

var update = flag.Bool("update", false, "write testdata/*.golden.yaml and the table of values in README.md")

// chartDir is the folder of the chart.
const chartDir = "../jobwright"

// installations are the files of values in testdata.
var installations = []string{"minimal", "everything", "cloud", "versions"}

// TestMain silences Helm, which logs each link that it follows.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	m.Run()
}

func load(t *testing.T) *chart.Chart {
	t.Helper()

	loaded, err := loader.Load(chartDir)
	require.NoError(t, err)

	return loaded
}

func valuesOf(t *testing.T, installation string) map[string]any {
	t.Helper()

	values, err := chartutil.ReadValuesFile(filepath.Join("testdata", installation+".yaml"))
	require.NoError(t, err)

	return values
}

// render returns the manifests of an installation, template by template.
func render(t *testing.T, values map[string]any) (string, error) {
	t.Helper()

	return renderChart(load(t), values)
}

func renderChart(loaded *chart.Chart, values map[string]any) (string, error) {
	all, err := chartutil.ToRenderValues(loaded, values,
		chartutil.ReleaseOptions{Name: "jobs", Namespace: "production", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return "", err
	}

	files, err := engine.Render(loaded, all)
	if err != nil {
		return "", err
	}

	var manifests strings.Builder

	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := strings.Trim(files[name], "\n")
		if filepath.Ext(name) != ".yaml" || strings.TrimSpace(text) == "" {
			continue
		}

		fmt.Fprintf(&manifests, "---\n# Source: %s\n%s\n", name, strings.TrimPrefix(text, "---\n"))
	}

	return manifests.String(), nil
}

func TestLint(t *testing.T) {
	t.Parallel()

	for _, installation := range installations {
		t.Run(installation, func(t *testing.T) {
			t.Parallel()

			result := lint.All(chartDir, valuesOf(t, installation), "production", true)
			for _, message := range result.Messages {
				require.Less(t, message.Severity, support.WarningSev, "%s", message)
			}
		})
	}
}

func TestRenderedManifests(t *testing.T) {
	t.Parallel()

	for _, installation := range installations {
		t.Run(installation, func(t *testing.T) {
			t.Parallel()

			got, err := render(t, valuesOf(t, installation))
			require.NoError(t, err)

			golden := filepath.Join("testdata", installation+".golden.yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}

			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			requireEqualLines(t, string(want), got)
		})
	}
}

// requireEqualLines reports the first line that differs. The whole texts would be too long to read.
func requireEqualLines(t *testing.T, want, got string) {
	t.Helper()

	wanted, had := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(had)) {
		require.Equal(t, wanted[i], had[i], "line %d; make chart-docs writes the file", i+1)
	}

	require.Len(t, had, len(wanted), "make chart-docs writes the file")
}

// set returns values with one more, whose name is a path with dots.
func set(values map[string]any, path string, value any) map[string]any {
	changed := maps.Clone(values)

	name, rest, isDeeper := strings.Cut(path, ".")
	if isDeeper {
		inner, _ := changed[name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}

		value = set(inner, rest, value)
	}

	changed[name] = value

	return changed
}

func TestMistakesInValuesAreErrors(t *testing.T) {
	t.Parallel()

	for name, mistake := range map[string]struct {
		path  string
		value any
		want  string
	}{
		"no address of Temporal": {"temporal.address", "", "temporal.address is required"},
		"no port":                {"temporal.address", "temporal", "temporal"},
		"a misspelt value":       {"apiserver.replica", 3, "replica"},
		"a misspelt pool value":  {"workers", []any{map[string]any{"name": "a", "replica": 3}}, "replica"},
		"no results":             {"results.url", "", "set one of results.url"},
		"results twice":          {"results.existingClaim", "results", "set one of results.url"},
		"no apps":                {"apps.volume", nil, "set one of apps.files"},
		"no pool":                {"workers", []any{}, "workers"},
		"a pool without a name":  {"workers", []any{map[string]any{"replicas": 3}}, "name"},
		"two pools of a name": {
			"workers", []any{map[string]any{"name": "a"}, map[string]any{"name": "a"}}, "two pools have the name",
		},
		"no worker": {"worker.autoscaling.minReplicas", 0, "minReplicas"},
		"autoscaling that does not see running steps": {"worker.autoscaling.enabled", true, "autoscaling.prometheus"},
		"TLS without a certificate, which KEDA does not support": {
			"worker.autoscaling", map[string]any{"enabled": true, "prometheus": "http://p:9090"}, "KEDA connects to Temporal by TLS",
		},
		"encryption without a key":           {"encryptPayloads", true, "encryptPayloads needs secretKey.existingSecret"},
		"no pool that runs jobs":             {"worker.taskQueues", []any{"bulk"}, "no pool polls the task queue jobwright"},
		"a version that follows the chart":   {"worker.deployment.name", "jobs", "needs an image.tag or image.digest of its own"},
		"a version without a deployment":     {"worker.deployment.buildID", "v1", "deployment.buildID without deployment.name"},
		"a deployment that Temporal refuses": {"worker.deployment.name", "jobs.eu", "deployment"},
		"a version that is no label": {
			"worker", map[string]any{"deployment": map[string]any{"name": "jobs"}, "image": map[string]any{"tag": "_1"}}, "set deployment.buildID",
		},
		"two images of a version": {
			"workers", []any{
				map[string]any{
					"name": "a", "image": map[string]any{"tag": "1"}, "deployment": map[string]any{"name": "jobs", "buildID": "v1"},
				},
				map[string]any{
					"name": "b", "image": map[string]any{"tag": "2"}, "deployment": map[string]any{"name": "jobs", "buildID": "v1"},
				},
			}, "but another image",
		},
		"one workflow task":           {"worker.capacity.workflowTasks", 1, "workflowTasks"},
		"a share above the whole":     {"worker.capacity.targetCPU", 80, "targetCPU"},
		"more polls than allowed":     {"worker.capacity", map[string]any{"minPollers": 3, "maxPollers": 2}, "greater than its maxPollers"},
		"an unknown level of logs":    {"worker.logLevel", "trace", "logLevel"},
		"a bad name of an endpoint":   {"setup.nexusEndpoint", "jobs_eu", "nexusEndpoint"},
		"an issuer without audience":  {"apiserver.oidc.issuer", "https://id.example.com", "need each other"},
		"a client without issuer":     {"apiserver.oidc.clientID", "jobwright", "clientID needs issuer"},
		"a path before the pages":     {"apiserver.publicURL", "https://example.com/jobs", "publicURL"},
		"no digest":                   {"image.digest", "sha256:0123", "digest"},
		"an unknown unit":             {"worker.resources.limits.memory", "2GB", "limits.memory"},
		"an Ingress without a host":   {"apiserver.ingress.enabled", true, "host"},
		"an argument that is no flag": {"worker.extraArgs", []any{"debug"}, "extraArgs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			values := set(valuesOf(t, "minimal"), "temporal.tls.enabled", true)

			_, err := render(t, set(values, mistake.path, mistake.value))
			require.ErrorContains(t, err, mistake.want)
		})
	}
}

// The chart contains the alerts and the dashboard as links: there is one source of truth.
func TestAlertsAndDashboardAreThoseOfDeploy(t *testing.T) {
	t.Parallel()

	for packed, original := range map[string]string{
		"files/alerts.yaml": "../../prometheus/alerts.yaml", "files/dashboard.json": "../../grafana/jobwright.json",
	} {
		want, err := os.ReadFile(original)
		require.NoError(t, err)

		found := slices.IndexFunc(load(t).Files, func(file *chart.File) bool { return file.Name == packed })
		require.GreaterOrEqual(t, found, 0, packed)
		require.True(t, bytes.Equal(want, load(t).Files[found].Data), packed)
	}
}

// The values in the guide, each block of them in a chart with what every installation has to set.
func TestValuesOfTheGuide(t *testing.T) {
	t.Parallel()

	guide, err := os.ReadFile("../../../docs/how-to/deploy-on-kubernetes.md")
	require.NoError(t, err)

	blocks := yamlBlock.FindAllStringSubmatch(string(guide), -1)
	require.Greater(t, len(blocks), 5)

	for _, block := range blocks {
		shown, err := chartutil.ReadValues([]byte(strings.ReplaceAll("\n"+block[2], "\n"+block[1], "\n")))
		require.NoError(t, err, block[2])

		values := valuesOf(t, "minimal")
		maps.Copy(values, shown)

		_, err = render(t, values)
		require.NoError(t, err, block[2])
	}
}

// yamlBlock matches a block of a page, and what its lines begin with.
var yamlBlock = regexp.MustCompile("(?s)\n( *)```yaml\n(.*?)\n *```\n")
