package version

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// AddTo adds the command `version` and the flag --version to the root command of a binary.
func AddTo(root *cobra.Command) {
	root.Version = Get().Version
	root.SetVersionTemplate(text(root.Name(), Get()))

	var asJSON bool

	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this binary",
		Long: `Print the version of this binary, the commit and the date of its build, and the versions of Go and of
Temporal's SDK that it is built with. Include this output in every bug report.

The flag --version prints the same text. With --json, the command prints an object with version, go, platform
and temporalSdk and, if they are known, commit, date and modified: whether the build has changes that are not
in the commit.`,
		Example: fmt.Sprintf(`  %[1]s version
  %[1]s version --json | jq -r .version`, root.Name()),
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if asJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")

				return encoder.Encode(Get())
			}

			_, err := io.WriteString(command.OutOrStdout(), text(root.Name(), Get()))

			return err
		},
	}

	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	root.AddCommand(command)
}

// text returns the build as lines for people.
func text(binary string, info Info) string {
	var lines strings.Builder

	fmt.Fprintf(&lines, "%s %s\n", binary, info.Version)

	commit := info.Commit
	if info.Modified {
		commit += ", with changes"
	}

	for _, line := range []struct{ name, value string }{
		{"Commit", commit},
		{"Date", info.Date},
		{"Go", info.Go + " " + info.Platform},
		{"Temporal SDK", info.TemporalSDK},
	} {
		fmt.Fprintf(&lines, "  %-13s %s\n", line.name, cmp.Or(line.value, "unknown"))
	}

	return lines.String()
}
