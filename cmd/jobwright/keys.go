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
		asJSON bool
	)

	command := &cobra.Command{
		Use:   "new [name]",
		Short: "Make a key for a caller",
		Long: `Make a key for a caller, and print it with the lines by which app.yaml accepts it. The lines contain a digest
of the key, which is no secret: the key cannot be computed from it.

The key is printed to the standard output, once; the lines are printed to the standard error. The command
needs no server and changes no file. The name of the caller, by default "caller", is that of the access.

With --json, the command prints an object with the key and the access. A key without expiry has no expires,
and an access with the default rights no rights:

  {"key": "jw_…", "access": {"name": "monitor", "keys": [{"sha256": "…", "expires": "2027-01-31T06:00:00Z"}],
   "rights": ["status"]}}`,
		Example: `  # Make a key
  jobwright keys new "nightly load"

  # Make a key that can only read the status of jobs, for three months, and store it in a file
  jobwright keys new monitor --rights status --days 90 > monitor.key

  # Make a key for a program, and print its digest
  jobwright keys new loader --json | jq -r '.access.keys[0].sha256'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			name := defaultCaller
			if len(names) > 0 {
				name = names[0]
			}

			made, err := newKey(name, rights, days, time.Now())
			if err != nil {
				return err
			}

			if asJSON {
				return printJSON(command.OutOrStdout(), made)
			}

			lines, err := made.Access.lines()
			if err != nil {
				return err
			}

			command.PrintErr("The key, which is stored nowhere and not shown again:\n\n")
			_, err = fmt.Fprintln(command.OutOrStdout(), made.Key)
			command.PrintErrf("\nThe lines of access in app.yaml:\n\n%s", lines)

			return err
		},
	}

	flags := command.Flags()
	flags.StringSliceVar(&rights, "rights", nil,
		"rights of the caller, for example execute,status; by default all but operate and delete")
	flags.IntVar(&days, "days", defaultDays, "number of days after which the key expires; 0 for never")
	flags.BoolVar(&asJSON, "json", false, "print a JSON object")

	return command
}

// madeKey is a new key, with the access of app.yaml that accepts it.
type madeKey struct {
	Key    string     `json:"key"`
	Access madeAccess `json:"access"`
}

// madeAccess is an access of app.yaml with a single key.
type madeAccess struct {
	Name   string         `json:"name"`
	Keys   [1]madeKeyLine `json:"keys"`
	Rights []string       `json:"rights,omitempty"` // The default rights if there are none.
}

// madeKeyLine is how app.yaml accepts a key.
type madeKeyLine struct {
	SHA256  string    `json:"sha256"`
	Expires time.Time `json:"expires,omitzero"` // Zero for never.
}

// newKey makes a key.
func newKey(name string, rights []string, days int, now time.Time) (*madeKey, error) {
	if name == "" || name == job.AnyAccess {
		return nil, fmt.Errorf("an access can't have the name %q", name)
	}

	if days < 0 {
		return nil, fmt.Errorf("--days must not be negative, but is %d", days)
	}

	var known []string
	for _, right := range app.Rights() {
		known = append(known, string(right))
	}

	for _, right := range rights {
		if !slices.Contains(known, right) {
			return nil, fmt.Errorf("--rights: unknown right %s; %s", right, problem.Suggest(right, known))
		}
	}

	made := &madeKey{Key: apikey.New(), Access: madeAccess{Name: name, Rights: rights}}
	made.Access.Keys[0].SHA256 = apikey.DigestOf(made.Key).String()

	if days > 0 {
		made.Access.Keys[0].Expires = now.UTC().AddDate(0, 0, days).Truncate(time.Second)
	}

	return made, nil
}

// lines returns the lines of app.yaml for the access.
func (a madeAccess) lines() (string, error) {
	quoted, err := yaml.Marshal(a.Name)
	if err != nil {
		return "", err
	}

	lines := fmt.Sprintf("  - name: %s    keys:\n      - sha256: %s\n", quoted, a.Keys[0].SHA256)

	if expires := a.Keys[0].Expires; !expires.IsZero() {
		lines += "        expires: " + expires.Format(time.RFC3339) + "\n"
	}

	if len(a.Rights) > 0 {
		lines += "    rights: [" + strings.Join(a.Rights, ", ") + "]\n"
	}

	return lines, nil
}
