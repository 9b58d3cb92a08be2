package remote

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/jobservice"
)

func scenariosCommand() *cobra.Command {
	return callCommand(&cobra.Command{
		Use:   "scenarios",
		Short: "List the scenarios that you may run",
		Long: `List the scenarios of an app that the key may run, with their parameters. An asterisk marks a parameter that
has no default. For a scenario with mistakes, "jobwright validate" prints them. With --json, the command
prints an object with the list scenarios, as getScenarios returns it: the parameters are a JSON Schema, and
problems has the mistakes.`,
		Example: `  jobwright scenarios

  # The parameters of one of them
  jobwright scenarios --json | jq '.scenarios[] | select(.name == "Main").parameters.properties'`,
		Args: cobra.NoArgs,
	}, nil, func(ctx context.Context, on *remote, appID string, _ []string) (jobservice.Scenarios, error) {
		found, err := on.api.Scenarios(ctx, appID, false)

		return jobservice.Scenarios{Scenarios: found}, err
	}, func(out view.Output, found jobservice.Scenarios) error {
		rows := make([][]any, 0, len(found.Scenarios))

		for _, scenario := range found.Scenarios {
			description := scenario.Description
			if !scenario.Valid {
				description = "not valid: " + firstProblem(scenario)
			}

			rows = append(rows, []any{scenario.Name, strings.Join(parametersOf(scenario), " "), description})
		}

		return out.Table([]string{"scenario", "parameters", "description"}, rows)
	})
}

// parametersOf returns the names of the parameters of a scenario, with an asterisk after those that a caller has to give.
func parametersOf(scenario jobservice.Scenario) []string {
	required, _ := scenario.Parameters["required"].([]any)

	var names []string

	for _, name := range parameterNames(scenario) {
		if slices.Contains(required, any(name)) {
			name += "*"
		}

		names = append(names, name)
	}

	return names
}

// parameterNames returns the names of the parameters of a scenario, in order.
func parameterNames(scenario jobservice.Scenario) []string {
	properties, _ := scenario.Parameters["properties"].(map[string]any)

	return slices.Sorted(maps.Keys(properties))
}

func firstProblem(scenario jobservice.Scenario) string {
	if len(scenario.Problems) == 0 {
		return ""
	}

	return scenario.Problems[0].String()
}
