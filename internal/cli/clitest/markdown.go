// Package clitest documents the commands of a binary in Markdown, for the tests that maintain docs/cli.md.
package clitest

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// RequireSection requires that a page contains the documentation of a command and its subcommands, between the lines
// <!-- generated: NAME --> and <!-- /generated -->, in which NAME is the name of the command. If update is true, it writes
// the documentation into the page instead.
func RequireSection(t *testing.T, page string, root *cobra.Command, update bool) {
	t.Helper()

	text, err := os.ReadFile(page) //nolint:gosec // It is a page of the repository.
	require.NoError(t, err)

	section := regexp.MustCompile(`(?s)<!-- generated: ` + regexp.QuoteMeta(root.Name()) + ` -->\n.*?<!-- /generated -->`)
	require.Len(t, section.FindAll(text, -1), 1)

	current := section.ReplaceAllLiteralString(string(text),
		"<!-- generated: "+root.Name()+" -->\n\n"+Markdown(root)+"\n<!-- /generated -->")

	if update {
		require.NoError(t, os.WriteFile(page, []byte(current), 0o600)) //nolint:gosec // A page of the repository.

		return
	}

	require.Equal(t, current, string(text), "run the test with -update")
}

// Markdown returns the documentation of a command and its subcommands.
func Markdown(command *cobra.Command) string {
	var text strings.Builder

	level := "##"
	if command.HasParent() {
		level = "###"
	}

	fmt.Fprintf(&text, "%s %s\n\n```text\n%s\n```\n\n%s",
		level, command.CommandPath(), synopsis(command), paragraphs(command.Long))

	if !strings.Contains(command.Long, "exit status") && command.Runnable() {
		text.WriteString("\nThe exit status is 0 on success, and 1 on an error.\n")
	}

	if flags := flagTable(command); flags != "" {
		text.WriteString("\n" + flags)
	}

	fmt.Fprintf(&text, "\n```sh\n%s\n```\n", unindented(command.Example))

	for _, child := range command.Commands() {
		text.WriteString("\n" + Markdown(child))
	}

	return text.String()
}

// synopsis returns how the command is called. A command that only has subcommands is not called itself.
func synopsis(command *cobra.Command) string {
	if command.Runnable() {
		return command.UseLine()
	}

	return command.CommandPath() + " COMMAND"
}

// paragraphs converts a help text. Indented lines become code.
func paragraphs(help string) string {
	var text strings.Builder

	isCode := false

	for line := range strings.Lines(help + "\n\n") { // The last line, which is empty, ends code.
		indented := strings.HasPrefix(line, "  ")

		switch {
		case indented && !isCode:
			text.WriteString("\n```text\n")
		case !indented && isCode:
			text.WriteString("```\n")
		}

		isCode = indented

		if indented {
			text.WriteString(strings.TrimPrefix(line, "  "))
		} else {
			text.WriteString(escaped(line))
		}
	}

	// A blank line already stands before code that a blank line precedes.
	return strings.TrimSuffix(strings.ReplaceAll(text.String(), "\n\n\n```", "\n\n```"), "\n")
}

// markup matches text of a help text that is code in Markdown: flags, names with characters that have a meaning in Markdown,
// and commands in quotes.
var markup = regexp.MustCompile(`"jobwright [a-z ]+"|--[a-z]+(?:-[a-z]+)*|\$\{[^}]*\}|[<\w/-]*[<_][\w>/.…-]*`)

func escaped(line string) string {
	return markup.ReplaceAllStringFunc(line, func(found string) string { return "`" + strings.Trim(found, `"`) + "`" })
}

func unindented(example string) string {
	var text strings.Builder
	for line := range strings.Lines(example) {
		text.WriteString(strings.TrimPrefix(line, "  "))
	}

	return text.String()
}

// typeNames are the names of types of flags that differ from those of pflag.
var typeNames = map[string]string{"bool": "boolean", "string": "text"}

// flagTable returns the table of the command's own flags, which is empty if it has none.
func flagTable(command *cobra.Command) string {
	var text strings.Builder

	command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name == "help" {
			return
		}

		if text.Len() == 0 {
			text.WriteString("| flag | type | default | meaning |\n|---|---|---|---|\n")
		}

		of := flag.Value.Type()
		fmt.Fprintf(&text, "| `--%s` | %s |%s | %s |\n",
			flag.Name, cmp.Or(typeNames[of], of), defaultOf(flag), escaped(flag.Usage))
	})

	return text.String()
}

// defaultOf returns the default of a flag. It shortens durations: 168h instead of 168h0m0s.
func defaultOf(flag *pflag.Flag) string {
	value := flag.DefValue

	if flag.Value.Type() == "duration" {
		for _, zero := range []struct{ suffix, short string }{{"m0s", "m"}, {"h0m", "h"}} {
			if whole, found := strings.CutSuffix(value, zero.suffix); found {
				value = whole + zero.short
			}
		}
	}

	if value == "" {
		return ""
	}

	return " `" + value + "`"
}
