package check

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

const buildLabel = "jobwright/build"

// versionOf returns the Worker Deployment and the version of the workers of a Deployment; both are empty without a version.
func versionOf(t *testing.T, workers *appsv1.Deployment) (deployment, build string) {
	t.Helper()

	container := workers.Spec.Template.Spec.Containers[0]
	deployment, isVersioned := flagOf(container, "--deployment")
	build, hasBuild := flagOf(container, "--build-id")
	require.Equal(t, isVersioned, hasBuild, "%s: without a build ID, the version would be the commit of the binary, which KEDA can not know", workers.Name)

	return deployment, build
}

func TestVersionsOfPools(t *testing.T) {
	t.Parallel()

	versions := map[string]string{}

	for _, workers := range install(t, "versions").deployments {
		_, versions[workers.Labels["jobwright/pool"]] = versionOf(t, workers)
	}

	require.Equal(t, map[string]string{
		"": "", "v0-1-0": "0.1.0", "v0-1-1": "fedcba987654", "named": "next", "heavy": "",
	}, versions)
}

// The pods of a version are counted, budgeted and spread apart from those of others, and Kubernetes refuses to change a selector:
// another version can't replace the workers of running jobs.
func TestSelectorsHaveTheVersion(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, workers := range found.deployments {
			_, build := versionOf(t, workers)
			require.Equal(t, build, workers.Spec.Selector.MatchLabels[buildLabel], workers.Name)
		}
	})
}

// KEDA counts the tasks of all versions of a task queue unless it knows the version.
func TestVersionsScaleOnTheirOwnBacklog(t *testing.T) {
	eachInstallation(t, func(t *testing.T, found *objects) {
		t.Helper()

		for _, scaled := range found.scaled {
			target := slices.IndexFunc(found.deployments, func(d *appsv1.Deployment) bool { return d.Name == scaled.Spec.ScaleTargetRef.Name })
			require.GreaterOrEqual(t, target, 0, scaled.Name)

			deployment, build := versionOf(t, found.deployments[target])

			for _, used := range scaled.Spec.Triggers {
				if used.Type == "temporal" {
					require.Equal(t, deployment, used.Metadata["workerDeploymentName"], scaled.Name)
					require.Equal(t, build, used.Metadata["workerDeploymentBuildId"], scaled.Name)
				}
			}
		}
	})
}

// An upgrade of the chart replaces API servers and pools without a version. The pods of a version stay as they are.
func TestUpgradeOfTheChartLeavesVersionsAlone(t *testing.T) {
	t.Parallel()

	before := install(t, "versions").deployments

	values := set(valuesOf(t, "versions"), "image.digest", "sha256:"+
		"9999999999999999999999999999999999999999999999999999999999999999")
	upgraded := load(t)
	upgraded.Metadata.Version, upgraded.Metadata.AppVersion = "9.9.9", "9.9.9"

	manifests, err := renderChart(upgraded, values)
	require.NoError(t, err)

	after := objectsOf(t, manifests).deployments
	require.Len(t, after, len(before))

	for i := range before {
		_, build := versionOf(t, before[i])
		isSame := apiequality.Semantic.DeepEqual(before[i].Spec.Template, after[i].Spec.Template)
		require.Equal(t, build != "", isSame, before[i].Name)
	}
}

// What Helm prints after an installation has the commands for the newest version.
func TestNotesSetTheVersion(t *testing.T) {
	t.Parallel()

	loaded := load(t)

	all, err := chartutil.ToRenderValues(loaded, valuesOf(t, "versions"),
		chartutil.ReleaseOptions{Name: "jobs", Namespace: "production", IsInstall: true}, nil)
	require.NoError(t, err)

	files, err := engine.Render(loaded, all)
	require.NoError(t, err)
	require.Contains(t, files["jobwright/templates/NOTES.txt"], `
Workers are versions of the deployment jobs. Temporal gives new jobs to the current version; until one is, API servers are not ready:

  kubectl --namespace production exec deployment/jobs-jobwright-apiserver -- jobwright deployment status --deployment jobs
  kubectl --namespace production exec deployment/jobs-jobwright-apiserver -- jobwright deployment set-current next --deployment jobs
`)
}
