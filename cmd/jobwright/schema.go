package main

import (
	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/scenarioschema"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenarios",
		Long: `Print the JSON Schema of scenario files. Editors use it to complete and check scenarios while you type.

In an editor with a YAML language server, such as VS Code with the extension "YAML", refer to the schema in
the first line of a scenario:

  # yaml-language-server: $schema=scenario.schema.json

The schema covers the fields and their types. "jobwright validate" also checks names and expressions.`,
		Example: `  # Write the schema to a file
  jobwright schema > scenario.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := scenarioschema.File()
			if err != nil {
				return err
			}

			_, err = command.OutOrStdout().Write(text)

			return err
		},
	}
}
