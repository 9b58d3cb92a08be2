package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/problem"
)

// The caller and the days of a key, unless the user gives others.
const (
	defaultCaller = "caller"
	defaultDays   = 365
)

func keysCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "keys",
		Short: "Work with the keys of callers",
		Long:  `Work with the keys of callers, which apps accept by access in app.yaml.`,
		Example: `  # Make a key
  jobwright keys new "nightly load"`,
		Args: cobra.NoArgs,
	}

	command.AddCommand(newKeyCommand())

	return command
}

func newKeyCommand() *cobra.Command {
	var (
		rights []string
		days   int
	)

	command := &cobra.Command{
		Use:   "new [name]",
		Short: "Make a key for a caller",
		Long: `Make a key for a caller, and print it with the lines by which app.yaml accepts it. The lines contain a digest
of the key, which is no secret: the key cannot be computed from it.

The key is printed to the standard output, once; the lines are printed to the standard error. The command
needs no server and changes no file. The name of the caller, by default "caller", is that of the access.`,
		Example: `  # Make a key
  jobwright keys new "nightly load"

  # Make a key that can only read the status of jobs, for three months, and store it in a file
  jobwright keys new monitor --rights status --days 90 > monitor.key`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			name := defaultCaller
			if len(names) > 0 {
				name = names[0]
			}

			lines, key, err := newKey(name, rights, days, time.Now())
			if err != nil {
				return err
			}

			command.PrintErr("The key, which is stored nowhere and not shown again:\n\n")
			_, err = fmt.Fprintln(command.OutOrStdout(), key)
			command.PrintErrf("\nThe lines of access in app.yaml:\n\n%s", lines)

			return err
		},
	}

	flags := command.Flags()
	flags.StringSliceVar(&rights, "rights", nil, "rights of the caller, for example execute,status; all by default")
	flags.IntVar(&days, "days", defaultDays, "number of days after which the key expires; 0 for never")

	return command
}

// newKey makes a key, and returns the lines of app.yaml for it.
func newKey(name string, rights []string, days int, now time.Time) (lines, key string, err error) {
	if name == "" || name == job.AnyAccess {
		return "", "", fmt.Errorf("an access can't have the name %q", name)
	}

	if days < 0 {
		return "", "", fmt.Errorf("--days must not be negative, but is %d", days)
	}

	var known []string
	for _, right := range app.Rights() {
		known = append(known, string(right))
	}

	for _, right := range rights {
		if !slices.Contains(known, right) {
			return "", "", fmt.Errorf("--rights: unknown right %s; %s", right, problem.Suggest(right, known))
		}
	}

	quoted, err := yaml.Marshal(name)
	if err != nil {
		return "", "", err
	}

	key = apikey.New()
	lines = fmt.Sprintf("  - name: %s    keys:\n      - sha256: %s\n", quoted, apikey.DigestOf(key))

	if days > 0 {
		lines += "        expires: " + now.UTC().AddDate(0, 0, days).Format(time.RFC3339) + "\n"
	}

	if len(rights) > 0 {
		lines += "    rights: [" + strings.Join(rights, ", ") + "]\n"
	}

	return lines, key, nil
}
