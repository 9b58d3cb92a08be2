// Package remote has the commands of jobwright that call an API server, and those for the servers that a user calls.
package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/contexts"
	"github.com/jobwright/jobwright/internal/cli/view"
)

// A command that calls an API server consists of a cobra.Command, completed by [remoteCommand], and of a function that gets a
// [remote]: the client (api), and where to print (out). The function calls the API by the methods of package client and prints by
// those of package view. Its error determines the exit status, see [exitError].

// AddTo adds the commands to the root command of jobwright.
func AddTo(root *cobra.Command) {
	root.AddCommand(runCommand(), statusCommand(), watchCommand(), jobsCommand(), resultsCommand(), stopCommand(),
		retryCommand(), pauseCommand(), resumeCommand(), signalCommand(), deleteCommand(), contextCommand(),
		scenariosCommand(), lineageCommand(), schedulesCommand())
}

// The environment variables with the server, the key and the app of calls.
const (
	envURL = "JOBWRIGHT_URL"
	envKey = "JOBWRIGHT_KEY"
	envApp = "JOBWRIGHT_APP"
)

// remoteFlags are the flags of all commands that call an API server.
type remoteFlags struct {
	url, keyFile, context, app, actAs string
	asJSON                            bool
}

// remote is what a command has that calls an API server.
type remote struct {
	api    *client.Client
	out    view.Output
	asJSON bool   // Whether to print the result of the API's response.
	appID  string // Empty if the user has named none; see app.
	named  remoteFlags
}

// remoteCommand completes a command that calls an API server: it adds the flags of the connection and --json, and runs the
// function with the client. Shells complete the command line with the words.
func remoteCommand(
	command *cobra.Command, complete completions, run func(ctx context.Context, on *remote, arguments []string) error,
) *cobra.Command {
	var flags remoteFlags

	set := command.Flags()
	set.StringVar(&flags.url, "url", "", "address of the API server, for example http://127.0.0.1:8080")
	set.StringVar(&flags.keyFile, "key-file", "", "file with the key; - for the standard input")
	set.StringVar(&flags.context, "context", "", "name of the context with the server, the key and the app")
	set.StringVar(&flags.app, "app", "", "app; by default that of the context, or the only one of the key")
	set.StringVar(&flags.actAs, "act-as", "", "with a key of jobwright-dev: the access whose rights the call has")
	set.BoolVar(&flags.asJSON, "json", false, "print the result of the API's response as JSON")

	if !strings.Contains(command.Long, "exit status") {
		command.Long += "\n\n" + remoteStatus
	}

	command.Long += "\n\n" + remoteHelp
	complete.addTo(command, &flags)
	refuseWrongCalls(command)

	command.RunE = func(command *cobra.Command, arguments []string) error {
		on, err := flags.connect(command.Context())
		if err != nil {
			return exitError(err)
		}

		on.out = view.Output{Out: command.OutOrStdout(), Err: command.ErrOrStderr()}

		err = run(command.Context(), on, arguments)

		isCanceled := errors.Is(err, context.Canceled) || errors.Is(err, cli.ErrInterrupted)
		if isCanceled && errors.Is(context.Cause(command.Context()), cli.ErrInterrupted) {
			return cli.ExitError{Status: statusInterrupted, Err: cli.ErrInterrupted}
		}

		return exitError(err)
	}

	return command
}

// callCommand completes a command that makes one call of the API, and prints its result as JSON or by a function.
func callCommand[T any](
	command *cobra.Command, complete completions,
	call func(ctx context.Context, on *remote, appID string, arguments []string) (T, error), show func(view.Output, T) error,
) *cobra.Command {
	return remoteCommand(command, complete, func(ctx context.Context, on *remote, arguments []string) error {
		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		result, err := call(ctx, on, appID, arguments)

		switch {
		case err != nil:
			return err
		case on.asJSON:
			return on.out.JSON(result)
		default:
			return show(on.out, result)
		}
	})
}

// refuseWrongCalls gives errors of flags and of arguments the exit status of a wrong call.
func refuseWrongCalls(command *cobra.Command) {
	command.SetFlagErrorFunc(func(of *cobra.Command, err error) error {
		return wrongCall("%w; see %s --help", err, of.CommandPath())
	})

	check := command.Args
	if check == nil {
		return
	}

	command.Args = func(command *cobra.Command, arguments []string) error {
		if err := check(command, arguments); err != nil {
			return wrongCall("%w; see %s --help", err, command.CommandPath())
		}

		return nil
	}
}

// remoteStatus describes the exit status of commands that do not wait for a job.
const remoteStatus = "The exit status is 0 on success, 1 on an error, 2 if the call is wrong, and 4 if the server refuses it."

// remoteHelp is the end of the help of all commands that call an API server.
const remoteHelp = `The server, the key and the app are those of the flags, else those of the environment variables
JOBWRIGHT_URL, JOBWRIGHT_KEY and JOBWRIGHT_APP, else those of the current context ("jobwright context").`

// connect returns a client of the server that the user has chosen.
func (f remoteFlags) connect(ctx context.Context) (*remote, error) {
	chosen, err := f.choose()
	if err != nil {
		return nil, err
	}

	key, err := f.key(ctx, chosen)
	if err != nil {
		return nil, err
	}

	made, err := client.New(client.Options{URL: chosen.URL, Key: key, ActAs: f.actAs})
	if err != nil {
		return nil, wrongCall("%w", err)
	}

	return &remote{api: made, asJSON: f.asJSON, appID: chosen.App, named: f}, nil
}

// choose returns the server that the user has chosen. It has the key of a context only if the server is that of the context: no
// key is sent to another server.
func (f remoteFlags) choose() (contexts.Context, error) {
	url, appID := f.url, f.app

	if f.context == "" {
		url, appID = cmp.Or(url, os.Getenv(envURL)), cmp.Or(appID, os.Getenv(envApp))
	} else if f.url != "" {
		return contexts.Context{}, wrongCall("--url and --context exclude each other")
	}

	if url != "" {
		return contexts.Context{URL: url, App: appID}, nil
	}

	file, err := contexts.Open()
	if err != nil {
		return contexts.Context{}, err
	}

	list, err := file.Read()
	if err != nil {
		return contexts.Context{}, err
	}

	name := cmp.Or(f.context, list.Current)
	if name == "" {
		return contexts.Context{}, wrongCall("there is no server to call; start jobwright-dev, "+
			"add a server by jobwright context set, or set --url or %s", envURL)
	}

	found, err := list.Lookup(name)
	if err != nil {
		return contexts.Context{}, wrongCall("%w", err)
	}

	found.App = cmp.Or(appID, found.App)

	return found, nil
}

// key returns the key for the chosen server.
func (f remoteFlags) key(ctx context.Context, chosen contexts.Context) (string, error) {
	switch {
	case f.keyFile != "":
		return contexts.ReadKey(f.keyFile)
	case f.context == "" && os.Getenv(envKey) != "":
		return strings.TrimSpace(os.Getenv(envKey)), nil
	default:
		return chosen.LoadKey(ctx)
	}
}

// app returns the app that the user has named, or the only one that the key may use.
func (r *remote) app(ctx context.Context) (string, error) {
	if r.appID != "" {
		return r.appID, nil
	}

	found, err := r.api.Apps(ctx)
	if err != nil {
		return "", err
	}

	ids := make([]string, len(found))
	for i, app := range found {
		ids[i] = app.ID
	}

	switch len(ids) {
	case 0:
		return "", wrongCall("there is no app that the key may use")
	case 1:
		r.appID = ids[0]

		return ids[0], nil
	default:
		return "", wrongCall("the key may use several apps; choose one of %s by --app or %s", strings.Join(ids, ", "), envApp)
	}
}

// wrongCall returns the error of a command that was called with wrong arguments.
func wrongCall(format string, arguments ...any) error {
	return cli.ExitError{Status: cli.StatusWrongCall, Err: fmt.Errorf(format, arguments...)}
}

// exitError gives the error of a call the exit status of its kind: that of a wrong call, or of one that the server refuses. Other
// errors remain.
func exitError(err error) error {
	if _, decided := errors.AsType[cli.ExitError](err); decided {
		return err
	}

	failed, ok := errors.AsType[*client.Error](err)

	switch {
	case !ok:
		return err
	case failed.IsRefused():
		return cli.ExitError{Status: cli.StatusRefused, Err: err}
	case failed.HTTPStatus < http.StatusInternalServerError && failed.Code != "":
		return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
	default:
		return err
	}
}
