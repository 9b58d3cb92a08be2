package cluster_test

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/jobwright/jobwright/internal/faulttest"
)

// container is a process, or several, in place of a container: it has the command and the environment of a service, with the
// addresses and paths of this machine.
type container struct {
	name    string
	service types.ServiceConfig
	cluster *cluster
	folder  string
	ports   map[string]string // The addresses of this machine by the ports of the container.
}

var (
	containerAddress = regexp.MustCompile(`([A-Za-z0-9][A-Za-z0-9.-]*):(\d+)`)
	containerPath    = regexp.MustCompile(`(?:^|[^A-Za-z0-9.])(/(?:bin|boot|dev|etc|home|lib|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)\b[\w./-]*)`)
)

// own are the hosts by which a container means itself.
var own = []string{"0.0.0.0", "127.0.0.1", "localhost"}

// address returns the address of this machine for a port of the container.
func (c *container) address(port string) string {
	if c.ports[port] == "" {
		c.ports[port] = faulttest.FreeAddress()
	}

	return c.ports[port]
}

// translate replaces the addresses and paths in a text of docker-compose.yml. The error names one without a counterpart.
func (c *container) translate(text string) (_ string, err error) {
	text = containerPath.ReplaceAllStringFunc(text, func(match string) string {
		start := len(match) - len(containerPath.FindStringSubmatch(match)[1])

		path, pathErr := c.path(match[start:])
		if pathErr != nil {
			err = pathErr
		}

		return match[:start] + path
	})

	text = containerAddress.ReplaceAllStringFunc(text, func(match string) string {
		host, port, splitErr := net.SplitHostPort(match)
		target := c.cluster.hosts[host]

		switch {
		case splitErr == nil && slices.Contains(own, host):
			return c.address(port)
		case splitErr == nil && target != nil:
			return target.address(port)
		default:
			err = fmt.Errorf("%s: the address %s has no counterpart", c.name, match)

			return match
		}
	})

	return text, err
}

// path returns the path of this machine for a path of the container, which must be in a volume.
func (c *container) path(path string) (string, error) {
	for _, volume := range c.service.Volumes {
		inside, err := filepath.Rel(volume.Target, path)
		if err != nil || !filepath.IsLocal(inside) {
			continue
		}

		folder, err := c.volume(volume)

		return filepath.Join(folder, inside), err
	}

	return "", fmt.Errorf("%s: the path %s is in no volume", c.name, path)
}

// volume returns the folder of this machine for a volume, and creates it.
func (c *container) volume(volume types.ServiceVolumeConfig) (folder string, err error) {
	switch {
	case volume.Type == types.VolumeTypeBind:
		return volume.Source, nil
	case volume.Type != types.VolumeTypeVolume:
		return "", fmt.Errorf("%s: a volume of the type %s has no counterpart", c.name, volume.Type)
	case volume.Source != "":
		folder = filepath.Join(c.cluster.folder, "volumes", volume.Source)
	default:
		folder = filepath.Join(c.folder, "volumes", volume.Target)
	}

	return folder, os.MkdirAll(folder, 0o750)
}

// environment returns the whole environment of the processes: nothing is inherited from the test.
func (c *container) environment() ([]string, error) {
	variables := map[string]string{
		"PATH": c.cluster.programs + ":" + os.Getenv("PATH"), "HOME": c.folder, "TMPDIR": c.folder,
	}

	if temporary, err := c.path("/tmp"); err == nil {
		variables["TMPDIR"] = temporary
	}

	for name, value := range c.service.Environment {
		if value == nil {
			return nil, fmt.Errorf("%s: the variable %s has no value", c.name, name)
		}

		translated, err := c.variable(name, *value)
		if err != nil {
			return nil, err
		}

		variables[name] = translated
	}

	for name, port := range chosenPorts[c.service.Name] {
		variables[name] = c.port(port)
	}

	environment := make([]string, 0, len(variables))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environment = append(environment, name+"="+variables[name])
	}

	return environment, nil
}

// variable translates the value of a variable. Some variables have a host or a port as value, and not both.
func (c *container) variable(name, value string) (string, error) {
	_, isHost := c.cluster.hosts[value]
	isHost = isHost && !strings.HasSuffix(name, "_USER")
	_, isChosen := chosenPorts[c.service.Name][name]

	switch {
	case isChosen:
		return "", fmt.Errorf("%s: the tests choose the value of %s", c.name, name)
	case isHost && (name == "POSTGRES_SEEDS" || name == "SQL_HOST"), name == "BIND_ON_IP" && value == "0.0.0.0":
		return "127.0.0.1", nil
	case name == "DB_PORT" || name == "SQL_PORT":
		return c.cluster.hosts["postgresql"].port(value), nil
	case isHost || net.ParseIP(value) != nil && !net.ParseIP(value).IsLoopback():
		return "", fmt.Errorf("%s: the value %s of %s has no counterpart", c.name, value, name)
	default:
		return c.translate(value)
	}
}

// port returns the port of this machine for a port of the container.
func (c *container) port(port string) string {
	_, number, _ := net.SplitHostPort(c.address(port)) // The address is that of a listener.

	return number
}

// arguments returns the command of the service.
func (c *container) arguments() (arguments []string, err error) {
	for _, word := range c.service.Command {
		translated, err := c.translate(word)
		if err != nil {
			return nil, err
		}

		arguments = append(arguments, translated)
	}

	return arguments, nil
}

// health returns the URL that the service's health check reads, or nothing if it has no health check.
func (c *container) health() (string, error) {
	if c.service.HealthCheck == nil || c.service.Name == "postgresql" { // The package testserver waits for PostgreSQL.
		return "", nil
	}

	test := c.service.HealthCheck.Test
	if len(test) != 6 || !slices.Equal(test[:5], []string{"CMD", "wget", "-q", "-O", "/dev/null"}) {
		return "", fmt.Errorf("%s: the health check %q has no counterpart", c.name, test)
	}

	return c.translate(test[5])
}
