package remote

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/cli/view"
)

func lineageCommand() *cobra.Command {
	var format string

	command := &cobra.Command{
		Use:   "lineage SCENARIO",
		Short: "Show what a scenario reads and writes",
		Long: `Show which tables, files and URLs a scenario reads and writes, by its definition; nothing runs. See
docs/lineage.md. With -o mermaid, the command prints a flow chart, which GitHub and many editors draw. With
-o json or --json, it prints the lineage as getLineage returns it.`,
		Example: `  jobwright lineage Main

  # Draw a flow chart
  jobwright lineage Main -o mermaid > lineage.mmd

  # All tables that are written
  jobwright lineage Main --json | jq -r '.writes[].name'`,
		Args: cobra.ExactArgs(1),
	}
	command.Flags().StringVarP(&format, "output", "o", "text", "form of the output: text, mermaid or json")

	return remoteCommand(command, completesScenarios, func(ctx context.Context, on *remote, arguments []string) error {
		if format != "text" && format != "mermaid" && format != "json" {
			return wrongCall("--output %q is none of text, mermaid and json", format)
		}

		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		found, err := on.api.Lineage(ctx, appID, arguments[0])
		if err != nil {
			return err
		}

		switch {
		case on.asJSON || format == "json":
			return on.out.JSON(found)
		case format == "mermaid":
			_, err = fmt.Fprint(on.out.Out, view.Mermaid(found))
		default:
			_, err = fmt.Fprint(on.out.Out, strings.Join(view.Lineage(found), "\n")+"\n")
		}

		return err
	})
}
