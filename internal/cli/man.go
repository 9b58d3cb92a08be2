package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// AddMan adds the command man to the root command of a binary.
func AddMan(root *cobra.Command) {
	var dir string

	command := &cobra.Command{
		Use:   "man",
		Short: "Write the manual pages",
		Long: `Write the manual pages of this binary and of all its commands to a folder, for the program man. The archives
of releases have them in their folder man. The command creates the folder, and replaces the pages in it. The
date of a page is that of the environment variable SOURCE_DATE_EPOCH, or today.`,
		Example: fmt.Sprintf(`  # Install the pages for all users, and read one
  %[1]s man --dir /usr/local/share/man/man1
  man %[1]s

  # Read a page without installing it
  %[1]s man --dir pages
  man ./pages/%[1]s.1`, root.Name()),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // All users may read the pages.
				return err
			}

			root.DisableAutoGenTag = true

			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: root.Name(), Manual: "Jobwright"}, dir)
		},
	}

	command.Flags().StringVar(&dir, "dir", "man", "folder for the pages")
	root.AddCommand(command)
}
