// Command jobwright runs the parts of Jobwright as separate processes, against any Temporal, and checks and tests scenarios.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/remote"
	"github.com/jobwright/jobwright/internal/version"
	_ "github.com/jobwright/jobwright/result/cloud" // Result stores in buckets.
)

func main() { os.Exit(cli.Run(command())) }

func command() *cobra.Command {
	command := &cobra.Command{
		Use:   "jobwright",
		Short: "Run durable jobs for REST callers on Temporal",
		Long: `Run durable jobs for REST callers on Temporal.

In production, run "jobwright setup" once for a Temporal namespace, then any number of API servers and
workers, or of processes that are both ("jobwright serve"). On your machine, jobwright-dev runs all parts
in one process, with a Temporal of its own.`,
		Example: `  # Make a new app with a scenario and its test
  jobwright init

  # Find mistakes in scenarios
  jobwright validate apps

  # Run the tests of scenarios
  jobwright test apps

  # Check that the sources of all apps are reachable
  jobwright sources check --apps apps

  # Prepare Temporal, then start an API server and a worker
  jobwright setup
  jobwright apiserver --apps apps --results /var/lib/jobwright/results
  jobwright worker --apps apps --results /var/lib/jobwright/results --data /var/lib/jobwright/data

  # Or start both in one process
  jobwright serve --apps apps --results /var/lib/jobwright/results --data /var/lib/jobwright/data`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}

	remote.AddTo(command)
	command.AddCommand(apiserverCommand(), workerCommand(), serveCommand(), setupCommand(), validateCommand(), testCommand(),
		schemaCommand(), sourcesCommand(), keysCommand(), initCommand(), replayCommand(), deploymentCommand())
	cli.AddMan(command)
	version.AddTo(command)

	return command
}

// environment returns the part of a help text about the environment variables of a command that connects to Temporal, given
// the lines about its other variables.
func environment(others string) string {
	return `

Environment variables:
` + others + temporalEnvironment
}

const temporalEnvironment = `  TEMPORAL_ADDRESS      host:port of Temporal (default 127.0.0.1:7233)
  TEMPORAL_NAMESPACE    namespace of the jobs (default "default")
  TEMPORAL_API_KEY      API key for Temporal Cloud
  TEMPORAL_TLS_…        TLS settings, for example TEMPORAL_TLS_CLIENT_CERT_PATH
  TEMPORAL_CONFIG_FILE  configuration file with profiles, instead of temporal.toml in Temporal's own folder
  TEMPORAL_PROFILE      profile in that file

The TEMPORAL_ variables are those of Temporal's own tools, see
https://docs.temporal.io/develop/environment-configuration.`
