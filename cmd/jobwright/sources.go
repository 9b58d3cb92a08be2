package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
	"github.com/jobwright/jobwright/worker"
)

func sourcesCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "sources",
		Short: "Work with the data sources of apps",
		Long:  `Work with the data sources that apps declare in app.yaml.`,
		Example: `  # Check the sources of all apps
  jobwright sources check --apps apps`,
		Args: cobra.NoArgs,
	}

	command.AddCommand(sourcesCheckCommand())

	return command
}

type sourcesOptions struct {
	apps, data string
	secrets    app.Secrets
	timeout    time.Duration
	asJSON     bool
}

func sourcesCheckCommand() *cobra.Command {
	var opts sourcesOptions

	command := &cobra.Command{
		Use:   "check [app…]",
		Short: "Check that data sources are reachable",
		Long: `Connect to each data source of the given apps, or of all apps, and print a table with the result: the
version of the server and the number of tables, or the error. Use it before the first job, and to find
out why a source fails. For a database, it also warns if the user of the source is a superuser, has other
privileges that no job needs, or lacks the privileges to keep the ledger.

Run it in the environment of a worker: with its environment variables, which hold the secrets of sources,
its network and its --data folder. It changes no data, except that it creates the missing database of a
SQLiteSource.

With --json, the command prints an object. The status of a source is ok or failed:

  {"sources": [{"app": "7", "source": "stage", "kind": "SQLiteSource", "status": "ok", "result": "SQLite 3…",
   "warnings": []}]}

The exit status is 1 if a source can't be used.`,
		Example: `  # Check the sources of all apps
  jobwright sources check --apps apps

  # Check the sources of app 7
  jobwright sources check --apps apps 7

  # Print the names of the sources that can't be used
  jobwright sources check --apps apps --json | jq -r '.sources[] | select(.status == "failed").source'`,
		RunE: func(command *cobra.Command, ids []string) error {
			return checkSources(command.Context(), opts, ids, command.OutOrStdout())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.apps, "apps", "apps", "folder with the apps")
	flags.StringVar(&opts.data, "data", "data", "folder for sources that store data on this machine, such as SQLite")
	cli.AddSecrets(flags, &opts.secrets)
	flags.DurationVar(&opts.timeout, "timeout", 30*time.Second, "time limit for each source")
	flags.BoolVar(&opts.asJSON, "json", false, "print a JSON object")

	return command
}

// checkedSources are sources and whether they can be used, as --json prints them.
type checkedSources struct {
	Sources []checkedSource `json:"sources"`
}

// checkedSource is a source and whether it can be used.
type checkedSource struct {
	App      string   `json:"app"`
	Source   string   `json:"source"`
	Kind     string   `json:"kind"`
	Status   string   `json:"status"`   // sourceOK or sourceFailed.
	Result   string   `json:"result"`   // The version of the server and the number of tables, or the error.
	Warnings []string `json:"warnings"` // About the privileges of the source's user.
}

const (
	sourceOK     = "ok"
	sourceFailed = "failed"
)

func checkSources(ctx context.Context, opts sourcesOptions, ids []string, out io.Writer) error {
	checked, err := sourcesOf(ctx, opts, ids)
	if err != nil {
		return err
	}

	if opts.asJSON {
		err = printJSON(out, checked)
	} else {
		checked.print(out)
	}

	if err == nil && slices.ContainsFunc(checked.Sources, func(of checkedSource) bool { return of.Status == sourceFailed }) {
		err = cli.ExitError{Status: 1}
	}

	return err
}

// sourcesOf checks the sources of apps, of all apps without ids.
func sourcesOf(ctx context.Context, opts sourcesOptions, ids []string) (*checkedSources, error) {
	apps, err := openApps(opts.apps, app.Options{Secrets: opts.secrets})
	if err != nil {
		return nil, err
	}

	if len(ids) == 0 {
		if ids, err = apps.IDs(); err != nil {
			return nil, err
		}
	}

	checked := &checkedSources{Sources: []checkedSource{}}

	for _, id := range ids {
		found, err := apps.App(id)
		if errors.Is(err, app.ErrNotFound) {
			return nil, fmt.Errorf("there is no app %s in %s", id, opts.apps)
		}

		if err != nil {
			return nil, err
		}

		for _, name := range slices.Sorted(maps.Keys(found.Sources)) {
			of := checkedSource{
				App: id, Source: name, Kind: found.Sources[name].Kind, Status: sourceOK, Warnings: []string{},
			}

			text, warnings, err := checkSource(ctx, opts, found, found.Sources[name])
			if err != nil {
				of.Status, text = sourceFailed, err.Error()
			}

			of.Result = text

			for _, warning := range warnings {
				of.Warnings = append(of.Warnings, warning.String())
			}

			checked.Sources = append(checked.Sources, of)
		}
	}

	return checked, nil
}

// print prints the sources as a table.
func (c *checkedSources) print(out io.Writer) {
	lines := table.NewWriter()
	lines.SetOutputMirror(out)
	lines.SetStyle(table.StyleLight)
	lines.AppendHeader(table.Row{"App", "Source", "Kind", "Status", "Result"})

	for _, of := range c.Sources {
		lines.AppendRow(table.Row{of.App, of.Source, of.Kind, of.Status, of.Result})

		for _, warning := range of.Warnings {
			lines.AppendRow(table.Row{of.App, of.Source, of.Kind, "warning", warning})
		}
	}

	lines.Render()
}

// checkSource connects to one source and examines the privileges of its user.
func checkSource(
	ctx context.Context, opts sourcesOptions, of *app.App, definition source.Definition,
) (text string, warnings []source.Warning, err error) {
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()

	definition, err = secret.Resolve(definition)
	if err != nil {
		return "", nil, err
	}

	opened, err := worker.Drivers().Open(ctx, definition, of.Place(opts.data))
	if err != nil {
		return "", nil, err
	}

	defer func() { err = errors.Join(err, opened.Close()) }()

	text, err = opened.Check(ctx)

	if auditor, ok := opened.(source.Auditor); ok && err == nil {
		warnings, err = auditor.Audit(ctx)
	}

	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no response within %s", opts.timeout)
	}

	return text, warnings, err
}
