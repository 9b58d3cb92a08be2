package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/secret"
	"github.com/jobwright/jobwright/worker"
)

func sourcesCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "sources",
		Short: "Look after the sources of apps.",
		Args:  cobra.NoArgs,
	}

	command.AddCommand(sourcesCheckCommand())

	return command
}

type sourcesOptions struct {
	apps, data string
	timeout    time.Duration
}

func sourcesCheckCommand() *cobra.Command {
	var opts sourcesOptions

	command := &cobra.Command{
		Use:   "check [app…]",
		Short: "Connect to each source, and say what is there.",
		Long: `Connect to each source of the apps, of all where none is named, and say what is there: the server's
version, how many tables, or what is wrong. Nothing is changed, but that the database of an SQLiteSource
is made when it is missing.

Run it where a worker runs: with its environment, its network and its --data.

The exit status is 1 when a source can't be used.`,
		Example: `  jobwright sources check --apps apps
  jobwright sources check --apps apps 7`,
		RunE: func(command *cobra.Command, ids []string) error {
			return checkSources(command.Context(), opts, ids, command.OutOrStdout())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.apps, "apps", "apps", "folder of the apps")
	flags.StringVar(&opts.data, "data", "data", "folder for the data of sources that live on this machine")
	flags.DurationVar(&opts.timeout, "timeout", 30*time.Second, "time for each source to answer")

	return command
}

func checkSources(ctx context.Context, opts sourcesOptions, ids []string, out io.Writer) error {
	apps, err := app.Open(opts.apps)
	if err != nil {
		return err
	}

	if len(ids) == 0 {
		if ids, err = apps.IDs(); err != nil {
			return err
		}
	}

	lines := table.NewWriter()
	lines.SetOutputMirror(out)
	lines.SetStyle(table.StyleLight)
	lines.AppendHeader(table.Row{"App", "Source", "Kind", "", "What is there"})

	failed := 0

	for _, id := range ids {
		found, err := apps.App(id)
		if errors.Is(err, app.ErrNotFound) {
			return fmt.Errorf("there is no app %s in %s", id, opts.apps)
		}

		if err != nil {
			return err
		}

		for _, name := range slices.Sorted(maps.Keys(found.Sources)) {
			state := "ok"

			text, err := checkSource(ctx, opts, found, found.Sources[name])
			if err != nil {
				state, text = "wrong", err.Error()
				failed++
			}

			lines.AppendRow(table.Row{id, name, found.Sources[name].Kind, state, text})
		}
	}

	lines.Render()

	if failed > 0 {
		return exitError{status: 1}
	}

	return nil
}

// checkSource connects to one source.
func checkSource(
	ctx context.Context, opts sourcesOptions, of *app.App, definition source.Definition,
) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, opts.timeout)
	defer cancel()

	definition, err = secret.Resolve(definition)
	if err != nil {
		return "", err
	}

	opened, err := worker.Drivers().Open(ctx, definition, source.Place{
		AppDir: of.Dir, DataDir: filepath.Join(opts.data, "apps", of.ID),
	})
	if err != nil {
		return "", err
	}

	defer func() { err = errors.Join(err, opened.Close()) }()

	text, err = opened.Check(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it did not answer within %s", opts.timeout)
	}

	return text, err
}
