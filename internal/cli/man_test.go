package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

func TestManWritesPagesThatManCanShow(t *testing.T) {
	t.Parallel()

	root := &cobra.Command{Use: "jobwright", Short: "Run jobs", Long: "Run jobs.\n\n  {\"open\": 1}", Example: "  jobwright test"}
	root.AddCommand(&cobra.Command{
		Use: "test [path…]", Short: "Test", Long: "Run the tests in <scenario>_test.yaml.", Run: func(*cobra.Command, []string) {},
	})
	cli.AddMan(root)

	dir := filepath.Join(t.TempDir(), "man", "man1")
	root.SetArgs([]string{"man", "--dir", dir})
	require.NoError(t, root.Execute())

	for name, command := range map[string]string{
		"jobwright.1": "jobwright", "jobwright-test.1": "jobwright test", "jobwright-man.1": "jobwright man",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, string(text), ".TH", "it is a manual page")
		require.NotContains(t, string(text), "Auto generated")

		if _, err := exec.LookPath("groff"); err != nil {
			continue
		}

		var page, warnings bytes.Buffer

		format := exec.CommandContext(t.Context(), "groff", "-ww", "-k", "-man", "-T", "utf8", "-P-bcou", filepath.Join(dir, name))
		format.Stdout, format.Stderr = &page, &warnings
		require.NoError(t, format.Run(), warnings.String())
		require.Empty(t, warnings.String())
		require.Contains(t, page.String(), "NAME\n")
		require.Contains(t, strings.Join(strings.Fields(page.String()), " "), strings.ReplaceAll(command, " ", "-")+" - ")
	}
}
