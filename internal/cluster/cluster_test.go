package cluster_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/faulttest"
	"github.com/jobwright/jobwright/internal/testserver"
)

// temporalServices are the services of Temporal's server, in the order of their starts. Compose runs them in one container,
// the cluster in a process for each.
var temporalServices = []string{"frontend", "history", "matching", "worker"}

// chosenPorts are variables with the ports at which programs listen, by service. docker-compose.yml uses their defaults.
var chosenPorts = map[string]map[string]string{
	"temporal": {
		"FRONTEND_GRPC_PORT": "7233", "FRONTEND_HTTP_PORT": "7243", "FRONTEND_MEMBERSHIP_PORT": "6933",
		"HISTORY_GRPC_PORT": "7234", "HISTORY_MEMBERSHIP_PORT": "6934",
		"MATCHING_GRPC_PORT": "7235", "MATCHING_MEMBERSHIP_PORT": "6935",
		"WORKER_GRPC_PORT": "7239", "WORKER_MEMBERSHIP_PORT": "6939",
	},
	"temporal-ui": {"TEMPORAL_UI_PORT": "8080"},
}

// cluster is a Jobwright as in production, whose processes are those of the services of docker-compose.yml.
type cluster struct {
	project    *types.Project
	folder     string
	programs   string                  // The folder of the programs.
	containers map[string][]*container // By service.
	hosts      map[string]*container   // By the name by which other containers reach it.

	postgres  *testserver.PostgreSQLServer
	warehouse string // The URL of the database of the jobs.
	processes []*process
}

// newCluster reads docker-compose.yml and starts nothing.
func newCluster(t *testing.T) *cluster {
	t.Helper()

	c := &cluster{folder: t.TempDir(), containers: map[string][]*container{}, hosts: map[string]*container{}}
	c.programs = filepath.Join(c.folder, "programs")
	apps := filepath.Join(c.folder, "apps")
	writeApp(t, filepath.Join(apps, appID))

	c.project = loadCompose(t, apps)
	c.hosts["warehouse"] = c.newContainer(types.ServiceConfig{}, "warehouse")

	for name, service := range c.project.Services {
		if name == "temporal" {
			c.containers[name] = c.newTemporal(service)
		} else {
			for number := range service.GetScale() {
				c.containers[name] = append(c.containers[name], c.newContainer(service, name+" "+strconv.Itoa(number+1)))
			}
		}

		c.hosts[name] = c.containers[name][0]
	}

	return c
}

func (c *cluster) newContainer(service types.ServiceConfig, name string) *container {
	created := &container{
		name: name, service: service, cluster: c, folder: filepath.Join(c.folder, "containers", name), ports: map[string]string{},
	}

	for _, port := range service.Ports {
		created.ports[port.Published] = created.address(strconv.Itoa(int(port.Target)))
	}

	return created
}

// newTemporal returns containers for the services of Temporal. They know the ports of each other.
func (c *cluster) newTemporal(service types.ServiceConfig) (containers []*container) {
	ports := map[string]string{}
	for _, port := range chosenPorts[service.Name] {
		ports[port] = faulttest.FreeAddress()
	}

	for _, name := range temporalServices {
		created := c.newContainer(service, "temporal "+name)
		maps.Copy(created.ports, ports)
		containers = append(containers, created)
	}

	return containers
}

// process returns the process in place of the container; one without a command for PostgreSQL, which the package testserver
// runs.
func (c *container) process() (*process, error) {
	environment, err := c.environment()
	arguments, argumentsErr := c.arguments()

	health, healthErr := c.health()
	if err := errors.Join(err, argumentsErr, healthErr); err != nil {
		return nil, err
	}

	var (
		ready   = responds(health)
		metrics string
	)

	switch c.service.Name {
	case "postgresql":
		return new(process), nil
	case "temporal-schema": // Its command begins with the program.
	case "temporal":
		name := strings.TrimPrefix(c.name, "temporal ")
		arguments = append([]string{"temporal-server", "start", "--service=" + name}, arguments...)
		metrics = "http://" + c.address("9090") + "/metrics"

		if name != "frontend" {
			membership := c.address(chosenPorts["temporal"][strings.ToUpper(name)+"_MEMBERSHIP_PORT"])
			ready = func(ctx context.Context) bool { return faulttest.Accepts(ctx, membership) }
		}
	case "temporal-ui":
		arguments = append([]string{"ui-server", "--root=" + c.folder, "--env=docker", "start"}, arguments...)
	case "jobwright-setup", "apiserver", "worker":
		arguments = append([]string{"jobwright"}, arguments...)
		metrics = "http://" + c.address("8081") + "/metrics"
	default:
		return nil, fmt.Errorf("%s: the cluster of the tests has no program for this service", c.service.Name)
	}

	if c.service.Name != "temporal-schema" {
		arguments[0] = filepath.Join(c.cluster.programs, arguments[0])
	}

	created := newProcess(c.name, arguments, environment, c.folder)
	created.Ready, created.metrics, created.Abrupt = ready, metrics, c.service.Name == "temporal-ui"

	if c.service.StopGracePeriod != nil {
		created.Grace = time.Duration(*c.service.StopGracePeriod)
	}

	return created, nil
}

// start starts everything, in the order of the dependencies in docker-compose.yml.
func (c *cluster) start(t *testing.T) {
	t.Helper()

	build(t, c.programs)

	require.NoError(t, c.project.ForEachService(c.project.ServiceNames(), func(_ string, service *types.ServiceConfig) error {
		for name := range service.DependsOn {
			c.awaitReady(t, name)
		}

		for _, container := range c.containers[service.Name] {
			require.NoError(t, os.MkdirAll(container.folder, 0o750))

			process, err := container.process()
			require.NoError(t, err)

			switch {
			case service.Name == "postgresql":
				c.startPostgreSQL(t, *service)
			case strings.HasPrefix(service.Restart, types.RestartPolicyOnFailure):
				runOnce(t, process, service.Restart)
			default:
				if service.Name == "temporal-ui" {
					configureUI(t, container.folder)
				}

				require.NoError(t, process.Start())
				t.Cleanup(process.Remove)
				c.processes = append(c.processes, process)
			}
		}

		return nil
	}))

	for name := range c.project.Services {
		c.awaitReady(t, name)
	}
}

// awaitReady waits until all processes of a service are ready.
func (c *cluster) awaitReady(t *testing.T, service string) {
	t.Helper()

	for _, process := range c.processesOf(service) {
		process.awaitReady(t)
	}
}

// processesOf returns the processes of a service.
func (c *cluster) processesOf(service string) (found []*process) {
	for _, process := range c.processes {
		if strings.HasPrefix(process.Name, service+" ") {
			found = append(found, process)
		}
	}

	return found
}

// runOnce runs a process until it ends successfully, as often as the restart policy permits.
func runOnce(t *testing.T, process *process, policy string) {
	t.Helper()

	_, limit, _ := strings.Cut(policy, ":")
	restarts, err := strconv.Atoi(cmp.Or(limit, "0"))
	require.NoError(t, err)

	for try := range restarts + 1 {
		command := process.Command()
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

		output, err := command.CombinedOutput()
		if err == nil {
			return
		}

		require.Less(t, try, restarts, "%s: %v\n%s", process.Name, err, output)
		faulttest.Pause(t.Context(), faulttest.RestartDelay)
	}
}

// startPostgreSQL starts the database server of Temporal, which is also the source of the jobs.
func (c *cluster) startPostgreSQL(t *testing.T, service types.ServiceConfig) {
	t.Helper()

	options := testserver.PostgreSQLOptions{Durable: true}
	if arguments := service.Environment["POSTGRES_INITDB_ARGS"]; arguments != nil {
		options.Initdb = strings.Fields(*arguments)
	}

	words := service.Command
	require.Equal(t, "postgres", words[0])

	for words = words[1:]; len(words) > 0; words = words[2:] {
		require.Equal(t, "-c", words[0], "a command without a counterpart")
		options.Settings = append(options.Settings, words[1])
	}

	c.postgres = testserver.NewPostgreSQL(t, options)
	administrator := c.postgres.URL("postgres")
	faulttest.WithPostgreSQL(t, administrator, func(ctx context.Context, connection *pgx.Conn) {
		for _, statement := range []string{
			"CREATE ROLE " + *service.Environment["POSTGRES_USER"] + " SUPERUSER LOGIN",
			"CREATE ROLE jobs LOGIN",
			"CREATE DATABASE warehouse OWNER jobs",
		} {
			_, err := connection.Exec(ctx, statement)
			require.NoError(t, err)
		}
	})

	address, err := url.Parse(administrator)
	require.NoError(t, err)

	c.hosts["postgresql"].ports["5432"] = address.Host
	c.hosts["warehouse"].ports["5432"] = address.Host
	c.warehouse = c.postgres.URL("warehouse")

	faulttest.WithPostgreSQL(t, c.warehouse, func(ctx context.Context, connection *pgx.Conn) {
		_, err := connection.Exec(ctx, "SET ROLE jobs;"+tables)
		require.NoError(t, err)
	})
}

// logged returns the lines that the processes have logged lately with a reference.
func (c *cluster) logged(reference string) string {
	var found strings.Builder

	for _, process := range c.processes {
		for line := range strings.Lines(process.Output()) {
			if reference != "" && strings.Contains(line, reference) {
				found.WriteString(process.Name + ": " + line)
			}
		}
	}

	return found.String()
}

// apis returns the base URLs of the API servers.
func (c *cluster) apis() (urls []string) {
	for _, container := range c.containers["apiserver"] {
		urls = append(urls, "http://"+container.address("8080"))
	}

	return urls
}
