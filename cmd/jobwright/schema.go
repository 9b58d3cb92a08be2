package main

import (
	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/scenario"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenarios, for editors.",
		Long: `Print the JSON Schema of a scenario's file, made from the definitions that validate goes by.

An editor with a YAML language server completes and checks a scenario whose first line points to it:

  # yaml-language-server: $schema=scenario.schema.json`,
		Example: `  jobwright schema > scenario.schema.json`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := scenario.Schema()
			if err != nil {
				return err
			}

			_, err = command.OutOrStdout().Write(text)

			return err
		},
	}
}
