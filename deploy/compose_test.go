package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/dynamicconfig" //nolint:depguard // The names of its settings; the server's services stay out.
)

var (
	root        = ".."
	composeFile = filepath.Join(root, "docker-compose.yml")

	// secrets are the variables that Compose requires.
	secrets = []string{"POSTGRES_PASSWORD", "JOBWRIGHT_APP_7_KEY"}

	oneShot = []string{"temporal-schema", "jobwright-setup"}

	secretName = regexp.MustCompile(`PASSWORD|PWD|KEY|SECRET|TOKEN`)
)

func TestServices(t *testing.T) {
	t.Parallel()

	want := append([]string{"postgresql", "temporal", "temporal-ui", "apiserver", "worker"}, oneShot...)
	require.ElementsMatch(t, want, load(t).ServiceNames())
}

func TestComposeNamesAMissingSecret(t *testing.T) {
	t.Parallel()

	for _, name := range secrets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			env := markers()
			delete(env, name)
			_, err := tryLoad(t, env)
			require.ErrorContains(t, err, "set "+name)

			// Without a check, services would accept an empty secret.
			env[name] = ""
			_, err = tryLoad(t, env)
			require.ErrorContains(t, err, "set "+name)
		})
	}
}

func TestSecretsComeFromTheEnvironment(t *testing.T) {
	t.Parallel()

	seen := map[string]bool{}
	for _, service := range load(t).Services {
		for name, value := range service.Environment {
			if !secretName.MatchString(name) {
				continue
			}
			require.NotNil(t, value, "%s: %s has no check for a missing value", service.Name, name)
			require.True(t, isMarker(*value), "%s: %s is written into the file", service.Name, name)
			seen[*value] = true
		}
		for _, word := range slices.Concat(service.Command, service.Entrypoint) {
			require.NotContains(t, word, "marker-", "%s: all users can see the secret in a command line", service.Name)
		}
	}
	require.Len(t, seen, len(secrets), "each secret is used")
}

func TestOnlyTheAPIServerReceivesTheAppKey(t *testing.T) {
	t.Parallel()

	for _, service := range load(t).Services {
		_, has := service.Environment["JOBWRIGHT_APP_7_KEY"]
		require.Equal(t, service.Name == "apiserver", has, service.Name)
	}
}

func TestImagesArePinned(t *testing.T) {
	t.Parallel()

	for _, service := range load(t).Services {
		_, tag, found := strings.Cut(service.Image, ":")
		require.True(t, found, "%s: image %q has no tag", service.Name, service.Image)
		require.NotEmpty(t, tag, service.Name)
		require.NotEqual(t, "latest", tag, service.Name)
	}
}

// The guide shows where digests of images belong. A digest of another tag would be another version.
func TestGuidePinsTheImagesOfTheFile(t *testing.T) {
	t.Parallel()

	guide := find(t, filepath.Join(root, "docs", "how-to", "deploy.md"), "(?s)```yaml\n(services:\n  postgresql:.*?)```")
	override := filepath.Join(t.TempDir(), "docker-compose.override.yml")
	digest := "@sha256:" + strings.Repeat("0", 64)
	require.NoError(t, os.WriteFile(override, []byte(strings.ReplaceAll(guide, "@sha256:…", digest)), 0o600))

	pinned, err := tryLoad(t, markers(), composeFile, override)
	require.NoError(t, err)

	for name, service := range load(t).Services {
		if service.Build == nil && !strings.HasPrefix(service.Image, "jobwright:") {
			require.Equal(t, service.Image+digest, pinned.Services[name].Image, name)
		}
	}
}

func TestSchemaToolHasTheVersionOfTheServer(t *testing.T) {
	t.Parallel()

	project := load(t)
	_, server, _ := strings.Cut(project.Services["temporal"].Image, ":")
	_, tool, _ := strings.Cut(project.Services["temporal-schema"].Image, ":")
	require.Equal(t, server, tool)
}

func TestLongRunningServicesHaveHealthChecksAndRestart(t *testing.T) {
	t.Parallel()

	for _, service := range longRunning(t) {
		require.NotNil(t, service.HealthCheck, service.Name)
		require.False(t, service.HealthCheck.Disable, service.Name)
		require.NotEmpty(t, service.HealthCheck.Test, service.Name)
		require.Equal(t, types.RestartPolicyUnlessStopped, service.Restart, service.Name)
		require.NotNil(t, service.StopGracePeriod, service.Name)
	}
}

func TestOneShotServicesEnd(t *testing.T) {
	t.Parallel()

	project := load(t)
	for _, name := range oneShot {
		service := project.Services[name]
		require.True(t, strings.HasPrefix(service.Restart, types.RestartPolicyOnFailure), name)
		for _, other := range project.Services {
			if dependency, ok := other.DependsOn[name]; ok {
				require.Equal(t, types.ServiceConditionCompletedSuccessfully, dependency.Condition, other.Name)
			}
		}
	}
}

func TestJobwrightStartsAfterSetup(t *testing.T) {
	t.Parallel()

	project := load(t)
	for _, name := range []string{"apiserver", "worker"} {
		require.Contains(t, project.Services[name].DependsOn, "jobwright-setup", name)
	}
}

func TestPortsAreLoopbackOnly(t *testing.T) {
	t.Parallel()

	published := map[string]string{}
	for _, service := range load(t).Services {
		require.NotEqual(t, "host", service.NetworkMode, service.Name)
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s: port %s", service.Name, port.Published)
			published[service.Name] = port.Published
		}
	}
	require.Equal(t, map[string]string{"apiserver": "8080", "temporal-ui": "8233"}, published)
}

// Docker silently publishes no ports of a container whose networks are all internal.
func TestPublishedPortsAreReachable(t *testing.T) {
	t.Parallel()

	project := load(t)
	for _, service := range project.Services {
		if len(service.Ports) == 0 {
			continue
		}
		internal := true
		for name := range service.Networks {
			internal = internal && project.Networks[name].Internal
		}
		require.False(t, internal, service.Name)
	}
}

func TestOnlyTemporalReachesTheDatabase(t *testing.T) {
	t.Parallel()

	project := load(t)
	require.Len(t, project.Services["postgresql"].Networks, 1)
	require.Contains(t, project.Services["postgresql"].Networks, "database")
	require.True(t, project.Networks["database"].Internal)
	for _, name := range []string{"apiserver", "worker", "jobwright-setup", "temporal-ui"} {
		require.NotContains(t, project.Services[name].Networks, "database", name)
	}
}

func TestServicesHaveLimits(t *testing.T) {
	t.Parallel()

	for _, service := range load(t).Services {
		require.NotNil(t, service.Deploy, service.Name)
		limits := service.Deploy.Resources.Limits
		require.NotNil(t, limits, service.Name)
		require.Positive(t, limits.MemoryBytes, service.Name)
		require.Positive(t, limits.Pids, service.Name)
	}
}

func TestGoStaysBelowTheMemoryLimit(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"apiserver", "worker"} {
		service := load(t).Services[name]
		require.NotNil(t, service.Environment["GOMEMLIMIT"], name)

		soft, err := units.RAMInBytes(*service.Environment["GOMEMLIMIT"])
		require.NoError(t, err, name)
		require.Less(t, soft, int64(service.Deploy.Resources.Limits.MemoryBytes), name)
	}
}

// Steps write files of any size to the folder of temporary files.
func TestServicesWriteOnlyToVolumes(t *testing.T) {
	t.Parallel()

	project := load(t)
	for _, service := range project.Services {
		require.True(t, service.ReadOnly, service.Name)
	}

	temporary := mount(t, project, "worker", "/tmp")
	require.Equal(t, types.VolumeTypeVolume, temporary.Type, "tmpfs would count as memory")
	require.Empty(t, temporary.Source, "the workers share no temporary files")
}

func TestTwoWorkers(t *testing.T) {
	t.Parallel()

	worker := load(t).Services["worker"]
	require.Equal(t, 2, worker.GetScale())
	require.Empty(t, worker.ContainerName, "a fixed name allows only one")
	require.Empty(t, worker.Ports, "a published port allows only one")
}

func TestAppsAreReadOnly(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"apiserver", "worker"} {
		require.True(t, mount(t, load(t), name, "/etc/jobwright/apps").ReadOnly, name)
	}
}

// Prometheus reads them in the networks of the services. A published port would be open to every user of the machine.
func TestMetricsAreServedAndNotPublished(t *testing.T) {
	t.Parallel()

	services := load(t).Services
	require.NotNil(t, services["temporal"].Environment["PROMETHEUS_ENDPOINT"])
	require.Contains(t, services["apiserver"].Command, "--metrics=0.0.0.0:8081")
	require.Contains(t, services["worker"].Command, "--http=0.0.0.0:8081")

	for _, service := range services {
		for _, port := range service.Ports {
			require.NotContains(t, []uint32{8081, 9090}, port.Target, service.Name)
		}
	}
}

func TestImageHasTheRevision(t *testing.T) {
	t.Parallel()

	env := markers()
	env["JOBWRIGHT_REVISION"] = "0123abc"
	project, err := tryLoad(t, env)
	require.NoError(t, err)
	require.Equal(t, "0123abc", *project.Services["jobwright-setup"].Build.Args["REVISION"])
}

func TestAppsFolderIsConfigurable(t *testing.T) {
	t.Parallel()

	env := markers()
	env["JOBWRIGHT_APPS"] = "/srv/apps"
	project, err := tryLoad(t, env)
	require.NoError(t, err)
	require.Equal(t, "/srv/apps", mount(t, project, "worker", "/etc/jobwright/apps").Source)
}

func TestMountedFoldersExist(t *testing.T) {
	t.Parallel()

	for _, service := range load(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				require.DirExists(t, volume.Source, service.Name)
			}
		}
	}
}

func TestDynamicConfigHasOnlyKnownSettings(t *testing.T) {
	t.Parallel()

	server := load(t).Services["temporal"]
	path := server.Environment["DYNAMIC_CONFIG_FILE_PATH"]
	require.NotNil(t, path)
	folder := mount(t, load(t), "temporal", filepath.Dir(*path)).Source

	// Temporal ignores unknown settings, so a misspelt setting has no effect.
	result := dynamicconfig.LoadYamlFile(read(t, filepath.Join(folder, filepath.Base(*path))))
	require.Empty(t, result.Errors)
	require.Empty(t, result.Warnings)
	require.NotEmpty(t, result.Map)
}

func TestDockerfileUsesTheGoVersionOfGoMod(t *testing.T) {
	t.Parallel()

	module := find(t, filepath.Join(root, "go.mod"), `(?m)^go (\S+)$`)
	image := find(t, filepath.Join(root, "Dockerfile"), `(?m)^FROM .*\bgolang:([0-9.]+)-alpine`)
	require.Equal(t, module, image)
}

func TestDockerfileImagesArePinned(t *testing.T) {
	t.Parallel()

	from := regexp.MustCompile(`(?m)^FROM (?:--\S+ )?(\S+)(?: AS (\S+))?$`)
	images := from.FindAllStringSubmatch(string(read(t, filepath.Join(root, "Dockerfile"))), -1)
	require.NotEmpty(t, images)

	stages := map[string]bool{}
	for _, image := range images {
		if !stages[image[1]] {
			require.Regexp(t, `:\d+\.\d+\.\d+`, image[1])
		}

		stages[image[2]] = true
	}
}

// load loads the file as Compose would, with a marker in place of each secret.
func load(t *testing.T) *types.Project {
	t.Helper()

	project, err := tryLoad(t, markers())
	require.NoError(t, err)
	return project
}

// tryLoad loads the file, or other files, of which each can change what those before it say.
func tryLoad(t *testing.T, env map[string]string, files ...string) (*types.Project, error) {
	t.Helper()

	if len(files) == 0 {
		files = []string{composeFile}
	}

	pairs := make([]string, 0, len(env))
	for name, value := range env {
		pairs = append(pairs, name+"="+value)
	}
	// Ignore the environment of the test, and a developer's .env and override files.
	options, err := cli.NewProjectOptions(files, cli.WithEnv(pairs))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func markers() map[string]string {
	env := map[string]string{}
	for _, name := range secrets {
		env[name] = "marker-" + name
	}
	return env
}

func isMarker(value string) bool {
	return slices.Contains(slices.Collect(maps.Values(markers())), value)
}

func longRunning(t *testing.T) types.Services {
	t.Helper()

	services := load(t).Services
	maps.DeleteFunc(services, func(name string, _ types.ServiceConfig) bool {
		return slices.Contains(oneShot, name)
	})
	return services
}

func mount(t *testing.T, project *types.Project, service, target string) types.ServiceVolumeConfig {
	t.Helper()

	volumes := project.Services[service].Volumes
	i := slices.IndexFunc(volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == target })
	require.GreaterOrEqual(t, i, 0, "%s mounts nothing at %s", service, target)
	return volumes[i]
}

func read(t *testing.T, path string) []byte {
	t.Helper()

	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

// find returns what the pattern's group matches in the file.
func find(t *testing.T, path, pattern string) string {
	t.Helper()

	match := regexp.MustCompile(pattern).FindSubmatch(read(t, path))
	require.NotNil(t, match, "%s has no %s", path, pattern)
	return string(match[1])
}
