// Command jobwright-dev runs all of Jobwright in one process: an embedded Temporal with its UI, a worker and the API server.
// It is for trials and for writing scenarios; for production, use the command jobwright.
package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/version"
)

func main() {
	configureGC()
	os.Exit(cli.Run(command()))
}

// options are the command's flags.
type options struct {
	apps, data         string
	http, temporal, ui string
	metrics, auditLog  string
	allowedHosts       []string
	run, app           string
	parameters         []string
	secrets            app.Secrets
	once, durable      bool
	nexus              bool
	encryptPayloads    bool
	console            bool
	log                cli.LogFlags
}

func command() *cobra.Command {
	var opts options

	command := &cobra.Command{
		Use:   "jobwright-dev",
		Short: "Run Jobwright on your machine, with Temporal and its UI",
		Long: `Run Jobwright on your machine in one process: an embedded Temporal with its UI, a worker and the API
server. Use it to try Jobwright and to write scenarios. For production, run the parts with the command
jobwright against a Temporal of your own.

The folder --data has all state: Temporal's database, results, and the databases of SQLite sources. After
a crash or Ctrl-C, start jobwright-dev with the same folder, and its jobs continue. Delete the folder to
start from scratch.

All state survives the death of the process at any moment. A power cut can undo about the last second of
Temporal's state: jobs that were accepted then may be missing, and other jobs repeat the steps of that second.
With --durable, each commit of Temporal waits for the disk and survives a power cut; small jobs take longer.

The worker runs the steps of all task queues that the apps name.

The garbage collector runs rarely, which is faster and takes more memory. If memory is scarce, set one of the
environment variables GOMEMLIMIT and GOGC.

The first address that the command prints is that of the console, the web pages for callers and operators.
It contains a key and signs you in. With --run, it shows the job.

The API has two keys for every app, which are accepted from this machine only: a random one, which the
first start creates in the file "key" of the folder --data, and "dev". Requests of browsers need the first,
because any web page can make a browser send the second.

The command writes the address, the key and, with --run, the app into the context "dev" of your configuration,
so that commands such as "jobwright run Main" call it, unless you have chosen another context by "jobwright
context use".

The API and Temporal UI are served under the names and addresses of this machine. If you reach them by
another name, for example through a tunnel, allow it with --allowed-host.

Sources read their secrets from the environment: the password ${env:NAME} in app.yaml is the value of the
environment variable NAME, which begins with the prefix of the app.`,
		Example: `  # Serve the apps in examples/apps
  jobwright-dev

  # Serve your own apps
  jobwright-dev --apps ~/apps

  # Run the scenario Main of app 7, print its results, and keep serving
  jobwright-dev --run Main --app 7

  # Run it with a parameter
  jobwright-dev --run Main -p country=DE

  # Run a scenario and exit with status 0 if the job succeeded, else 1
  jobwright-dev --run Main --once

  # Take the other flags from a file with lines such as "durable: true"
  jobwright-dev --config dev.yaml --apps ~/apps

  # Use free ports
  jobwright-dev --http 127.0.0.1:0 --temporal 127.0.0.1:0 --ui 127.0.0.1:0`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if opts.once && opts.run == "" {
				return errors.New("--once requires --run with the scenario to run")
			}

			if len(opts.parameters) > 0 && opts.run == "" {
				return errors.New("-p requires --run with the scenario to run")
			}

			return serve(command.Context(), opts, command.OutOrStdout(), command.ErrOrStderr())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.apps, "apps", "examples/apps", "folder with the apps")
	flags.StringVar(&opts.data, "data", ".jobwright", "folder for all state; created if missing")
	flags.BoolVar(&opts.nexus, "nexus", false, "let other workflows run scenarios by Nexus; opens another port of Temporal")
	flags.BoolVar(&opts.durable, "durable", false, "make each commit of Temporal survive a power cut; slower")
	flags.StringVar(&opts.http, "http", "127.0.0.1:8080", "address of the API; port 0 picks a free port")
	flags.BoolVar(&opts.console, "console", true, "serve web pages for callers and operators at the address of the API")
	flags.StringVar(&opts.temporal, "temporal", "127.0.0.1:7233", "address of Temporal; port 0 picks a free port")
	flags.StringVar(&opts.ui, "ui", "127.0.0.1:8233", "address of Temporal UI; port 0 picks a free port")
	flags.StringVar(&opts.metrics, "metrics", "", "address for metrics; by default, none")
	flags.StringSliceVar(&opts.allowedHosts, "allowed-host", nil,
		"name or address by which clients reach the API and the UI, besides those of this machine; repeatable")
	cli.AddAuditLog(flags, &opts.auditLog, cli.AuditToNone)
	flags.StringVar(&opts.run, "run", "", "run this scenario after the start")
	flags.StringVar(&opts.app, "app", "7", "app of the scenario given by --run")
	flags.StringArrayVarP(&opts.parameters, "parameter", "p", nil,
		"parameter of the scenario given by --run, as key=value; JSON unless the parameter is a text; repeatable")
	cli.AddSecrets(flags, &opts.secrets)
	cli.AddEncryptPayloads(flags, &opts.encryptPayloads)
	flags.BoolVar(&opts.once, "once", false, "exit after the scenario given by --run")
	opts.log.AddTo(flags, cli.LogText, slog.LevelWarn) // The terminal shows the output of the user's jobs.
	cli.AddConfig(command)

	cli.AddMan(command)
	version.AddTo(command)

	return command
}
