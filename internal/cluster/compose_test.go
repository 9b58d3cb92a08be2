package cluster_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
)

const (
	root     = "../.."
	appID    = faulttest.AppID
	key      = "the-key-of-the-cluster"
	password = "the-password-of-the-cluster"
)

// override is the docker-compose.override.yml of the cluster: more API servers and workers, and the source of the jobs.
const override = `
services:
  apiserver:
    deploy: {replicas: 2}
    ports: !reset [] # Two servers can't publish the same port.
  worker:
    deploy: {replicas: 3}
    environment: {JOBWRIGHT_APP_7_WAREHOUSE: "postgres://jobs@warehouse:5432/warehouse?sslmode=disable"}
`

// knownFields are the fields of services that have a counterpart here, or that concern containers only.
var knownFields = []string{
	// In effect.
	"command", "depends_on", "environment", "healthcheck", "ports", "restart", "stop_grace_period", "volumes",
	// About images, isolation and limits; deploy also has the number of processes.
	"build", "cap_drop", "deploy", "image", "logging", "networks", "read_only", "security_opt", "tmpfs",
}

// checkFields returns an error if a service has a field that nothing here considers.
func checkFields(service types.ServiceConfig) error {
	encoded, err := json.Marshal(service)
	if err != nil {
		return err
	}

	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return err
	}

	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if string(fields[name]) != "null" && !slices.Contains(knownFields, name) {
			return fmt.Errorf("%s: the field %s has no counterpart outside of containers", service.Name, name)
		}
	}

	return nil
}

// loadCompose loads docker-compose.yml with the override, as Compose would.
func loadCompose(t *testing.T, apps string) *types.Project {
	t.Helper()

	file := filepath.Join(t.TempDir(), "docker-compose.override.yml")
	require.NoError(t, os.WriteFile(file, []byte(override), 0o600))

	// Neither the environment of the test nor a file .env has an effect.
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml"), file}, cli.WithEnv([]string{
		"POSTGRES_PASSWORD=" + password, "JOBWRIGHT_APP_7_KEY=" + key, "JOBWRIGHT_APPS=" + apps,
	}))
	require.NoError(t, err)

	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)

	return project
}

// TestComposeHasNothingUnknown fails if docker-compose.yml has a service, a field, an address or a path that the cluster of
// the tests would ignore.
func TestComposeHasNothingUnknown(t *testing.T) {
	t.Parallel()

	c := newCluster(t)
	for _, service := range c.project.Services {
		require.NoError(t, checkFields(service))

		for _, container := range c.containers[service.Name] {
			_, err := container.process()
			require.NoError(t, err)
		}
	}
}

func TestCheckFieldsRefusesAnUnknownField(t *testing.T) {
	t.Parallel()

	service := types.ServiceConfig{Name: "worker"}
	require.NoError(t, checkFields(service))

	service.User = "0"
	require.ErrorContains(t, checkFields(service), "worker: the field user")
}

func TestContainerRefusesUnknownAddressesAndPaths(t *testing.T) {
	t.Parallel()

	c := newCluster(t)
	temporal := c.containers["temporal"][0]

	for _, test := range []struct{ name, value, problem string }{
		{"TEMPORAL_ADDRESS", "elsewhere:7233", "elsewhere:7233"},
		{"JOBWRIGHT_DATA", "/srv/data", "/srv/data"},
		{"TEMPORAL_HOST", "temporal", "temporal"},
		{"LISTEN", "0.0.0.0", "0.0.0.0"},
		{"HISTORY_GRPC_PORT", "7234", "HISTORY_GRPC_PORT"},
	} {
		changed := *temporal
		changed.service.Environment = types.MappingWithEquals{test.name: &test.value}
		_, err := changed.environment()
		require.ErrorContains(t, err, test.problem)
	}

	changed := *temporal
	changed.service.HealthCheck = &types.HealthCheckConfig{Test: types.HealthCheckTest{"CMD", "true"}}
	_, err := changed.health()
	require.ErrorContains(t, err, "health check")
}

// TestVersionsAreThoseOfCompose compares the images with the modules whose programs the cluster runs. PostgreSQL is the one
// of the machine.
func TestVersionsAreThoseOfCompose(t *testing.T) {
	t.Parallel()

	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)

	project := newCluster(t).project

	for _, image := range []struct{ service, name, module string }{
		{"temporal", "temporalio/server", "go.temporal.io/server"},
		{"temporal-schema", "temporalio/admin-tools", "go.temporal.io/server"},
		{"temporal-ui", "temporalio/ui", "github.com/temporalio/ui-server/v2"},
	} {
		version := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(image.module) + ` v(\S+)$`).FindSubmatch(module)
		require.NotNil(t, version, image.module)
		require.Equal(t, image.name+":"+string(version[1]), project.Services[image.service].Image)
	}
}
