package remote

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/contexts"
	"github.com/jobwright/jobwright/internal/cli/view"
)

func contextCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "context",
		Short: "Choose the server that commands call",
		Long: `Choose the server that commands call. A context is the address of an API server, with an app and a key,
under a name. The file config.yaml in the folder jobwright of your configuration files has your contexts;
only you can read it. The environment variable JOBWRIGHT_CONFIG names another file.

jobwright-dev keeps the context "dev" up to date: that of its own server. It becomes the current context
unless you have chosen another one.`,
		Example: `  # Show the contexts
  jobwright context list

  # Add one, and use it
  jobwright context set production --url https://jobs.example.org --app 7 --key-env PRODUCTION_KEY
  jobwright context use production`,
	}

	command.AddCommand(contextListCommand(), contextUseCommand(), contextSetCommand(), contextDeleteCommand())

	return command
}

// contextFile completes a command that reads or changes the file with contexts.
func contextFile(command *cobra.Command, run func(file contexts.File, arguments []string) error) *cobra.Command {
	refuseWrongCalls(command)

	command.RunE = func(_ *cobra.Command, arguments []string) error {
		file, err := contexts.Open()
		if err != nil {
			return err
		}

		return run(file, arguments)
	}

	return command
}

func contextListCommand() *cobra.Command {
	var asJSON bool

	command := &cobra.Command{
		Use:   "list",
		Short: "List the contexts",
		Long: `List the contexts, with their servers, apps and where their keys are. It prints no key. With --json, it
prints an object with the name of the current context (current), and the contexts by their names.`,
		Example: `  jobwright context list`,
		Args:    cobra.NoArgs,
	}

	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")

	return contextFile(command, func(file contexts.File, _ []string) error {
		out := view.Output{Out: command.OutOrStdout(), Err: command.ErrOrStderr()}

		list, err := file.Read()
		if err != nil {
			return err
		}

		if asJSON {
			return out.JSON(list)
		}

		if len(list.Contexts) == 0 {
			out.Notef("There is no context. Add one by jobwright context set, or start jobwright-dev.")

			return nil
		}

		rows := make([][]any, 0, len(list.Contexts))

		for _, name := range list.Names() {
			mark, of := "", list.Contexts[name]
			if name == list.Current {
				mark = "*"
			}

			rows = append(rows, []any{mark, name, of.URL, of.App, placeOfKey(of)})
		}

		return out.Table([]string{"", "context", "url", "app", "key"}, rows)
	})
}

// placeOfKey says where the key of a context is.
func placeOfKey(of contexts.Context) string {
	switch {
	case of.KeyEnv != "":
		return "environment variable " + of.KeyEnv
	case of.KeyFile != "":
		return "file " + of.KeyFile
	case of.KeyCommand != "":
		return "command " + of.KeyCommand
	case of.Key != "":
		return "in the file of contexts"
	default:
		return "none"
	}
}

func contextUseCommand() *cobra.Command {
	return contextFile(&cobra.Command{
		Use:     "use NAME",
		Short:   "Make a context the current one",
		Long:    `Make a context the current one, which commands use that name no other server.`,
		Example: `  jobwright context use production`,
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeContexts,
	}, func(file contexts.File, names []string) error {
		return file.Change(func(list *contexts.List) error {
			if _, err := list.Lookup(names[0]); err != nil {
				return wrongCall("%w", err)
			}

			list.Current = names[0]

			return nil
		})
	})
}

func contextSetCommand() *cobra.Command {
	var (
		given   contexts.Context
		readKey bool
	)

	command := &cobra.Command{
		Use:   "set NAME",
		Short: "Add or change a context",
		Long: `Add a context, or change the given settings of one. The first context becomes the current one.

The key can stay where it is: in an environment variable (--key-env), in a file (--key-file) or in a
password manager, whose command prints it (--key-command). With --read-key, the command reads the key from
the terminal or the standard input, and stores it in the file of contexts. A key is no argument, because
other users of the machine can see arguments.`,
		Example: `  # The key is in an environment variable
  jobwright context set production --url https://jobs.example.org --app 7 --key-env PRODUCTION_KEY

  # A password manager has the key
  jobwright context set production --url https://jobs.example.org --key-command "pass show production"

  # Store the key of the file shop.key
  jobwright context set shop --url http://127.0.0.1:8080 --app shop --read-key < shop.key`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: completeContexts,
	}

	set := command.Flags()
	set.StringVar(&given.URL, "url", "", "address of the API server")
	set.StringVar(&given.App, "app", "", "app of calls that name none")
	set.StringVar(&given.KeyEnv, "key-env", "", "environment variable with the key")
	set.StringVar(&given.KeyFile, "key-file", "", "file with the key")
	set.StringVar(&given.KeyCommand, "key-command", "", "command that prints the key, with its arguments")
	set.BoolVar(&readKey, "read-key", false, "read the key from the terminal or the standard input, and store it")
	command.MarkFlagsMutuallyExclusive("key-env", "key-file", "key-command", "read-key")

	return contextFile(command, func(file contexts.File, names []string) error {
		if readKey {
			key, err := askForKey(command)
			if err != nil {
				return err
			}

			given.Key = key
		}

		return file.Change(func(list *contexts.List) error {
			changed := list.Contexts[names[0]]
			changed.By = "" // jobwright-dev leaves it alone from now on.

			if set.Changed("url") {
				changed.URL = given.URL
			}

			if set.Changed("app") {
				changed.App = given.App
			}

			if given.Key+given.KeyEnv+given.KeyFile+given.KeyCommand != "" {
				changed.Key, changed.KeyEnv = given.Key, given.KeyEnv
				changed.KeyFile, changed.KeyCommand = given.KeyFile, given.KeyCommand
			}

			if changed.URL == "" {
				return wrongCall("a new context needs the address of a server: --url")
			}

			if _, err := client.New(client.Options{URL: changed.URL}); err != nil {
				return wrongCall("%w", err)
			}

			list.Contexts[names[0]] = changed
			if list.Current == "" {
				list.Current = names[0]
			}

			return nil
		})
	})
}

// askForKey reads a key, on a terminal without showing it.
func askForKey(command *cobra.Command) (string, error) {
	if !view.IsTerminal(os.Stdin) {
		return contexts.ReadKey("-")
	}

	_, _ = fmt.Fprint(command.ErrOrStderr(), "Key: ")

	key, err := term.ReadPassword(int(os.Stdin.Fd()))

	_, _ = fmt.Fprintln(command.ErrOrStderr())

	if err == nil && len(key) == 0 {
		err = errors.New("no key was given")
	}

	return string(key), err
}

func contextDeleteCommand() *cobra.Command {
	return contextFile(&cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a context",
		Long:    `Delete a context. If it is the current one, there is no current one afterwards.`,
		Example: `  jobwright context delete production`,
		Args:    cobra.ExactArgs(1), ValidArgsFunction: completeContexts,
	}, func(file contexts.File, names []string) error {
		return file.Change(func(list *contexts.List) error {
			if _, err := list.Lookup(names[0]); err != nil {
				return wrongCall("%w", err)
			}

			delete(list.Contexts, names[0])

			if list.Current == names[0] {
				list.Current = ""
			}

			return nil
		})
	})
}
