package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
)

const configFlag = "config"

// AddConfig adds the flag --config to a command that has all its other flags: a YAML file with values of these flags, by their
// names. A flag on the command line takes precedence over the file. Before the command runs, a mistake in the file ends it with
// an error that names the line.
func AddConfig(command *cobra.Command) {
	var path string

	command.Flags().StringVar(&path, configFlag, "",
		"YAML file with values of these flags, by their names; a flag on the command line takes precedence over the file")
	_ = command.MarkFlagFilename(configFlag, "yaml", "yml") // The flag exists.

	command.PreRunE = func(command *cobra.Command, _ []string) error {
		if path == "" {
			return nil
		}

		text, err := os.ReadFile(path) //nolint:gosec // The operator chose the file.
		if err != nil {
			if failed, ok := errors.AsType[*fs.PathError](err); ok {
				err = failed.Err
			}

			return fmt.Errorf("--%s %s: %w", configFlag, path, err)
		}

		file := configFile{path: path, flags: command.Flags()}
		if err := file.read(text); err != nil {
			return fmt.Errorf("--%s has mistakes:\n%w", configFlag, err)
		}

		return nil
	}
}

// configFile reads the values of flags from a file, and collects its mistakes.
type configFile struct {
	path     string
	flags    *pflag.FlagSet
	problems problem.List
}

// read sets the flags to the values of the text. The error is a [problem.List].
func (f *configFile) read(text []byte) error {
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		found := validation.SyntaxProblem(text, err)
		found.File = f.path
		f.problems.Add(found)

		return f.problems.Err()
	}

	if len(document.Content) > 0 {
		f.object(document.Content[0])
	}

	return f.problems.Err()
}

// object sets the flags to the values of the fields of the file.
func (f *configFile) object(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		f.addf(root, problem.CodeTypeMismatch, "expected names of flags with their values, such as log-level: warn")

		return
	}

	lines := map[string]int{}

	for i := 0; i < len(root.Content); i += 2 { // Keys and values alternate.
		key, value := root.Content[i], root.Content[i+1]
		flag := f.flags.Lookup(key.Value)

		switch earlier := lines[key.Value]; {
		case flag == nil || !isSettable(flag):
			f.addf(key, problem.CodeFieldUnknown, "unknown flag %s; %s", key.Value, problem.Suggest(key.Value, f.names()))
		case earlier > 0:
			f.addf(key, problem.CodeNameTaken, "%s is already in line %d", key.Value, earlier)
		default:
			f.set(flag, value)
		}

		lines[key.Value] = key.Line
	}
}

// names returns the names of the flags that a file may have.
func (f *configFile) names() (names []string) {
	f.flags.VisitAll(func(flag *pflag.Flag) {
		if isSettable(flag) {
			names = append(names, flag.Name)
		}
	})

	return names
}

// isSettable reports whether a file may have a flag: not those that do something else than run the command.
func isSettable(flag *pflag.Flag) bool {
	return flag.Name != configFlag && flag.Name != "help" && flag.Name != "version"
}

// set sets a flag to the value of a node, unless the command line has it.
func (f *configFile) set(flag *pflag.Flag, node *yaml.Node) {
	value := node
	if node.Kind == yaml.AliasNode {
		value = node.Alias
	}

	entries, problems := []*yaml.Node{value}, len(f.problems)
	list, isRepeatable := flag.Value.(pflag.SliceValue)

	if isList := value.Kind == yaml.SequenceNode; isList && isRepeatable {
		entries = value.Content
	} else if isRepeatable = false; isList {
		f.addf(value, problem.CodeTypeMismatch, "%s has one value, not a list", flag.Name)

		return
	}

	values := make([]string, len(entries))

	for i, entry := range entries {
		if entry.Kind != yaml.ScalarNode || entry.ShortTag() == "!!null" {
			f.addf(entry, problem.CodeTypeMismatch, "%s needs a value as on the command line", flag.Name)
		}

		values[i] = entry.Value
	}

	if flag.Changed || len(f.problems) > problems {
		return
	}

	var err error
	if isRepeatable {
		err = list.Replace(values)
	} else {
		err = flag.Value.Set(values[0])
	}

	if err != nil {
		f.addf(value, problem.CodeValueInvalid, "%s can't be %q: %s", flag.Name, value.Value, reasonOf(err))

		return
	}

	flag.Changed = true
}

// reasonOf returns why a flag can't have a value, without the name of a function.
func reasonOf(err error) string {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		err = number.Err
	}

	return err.Error()
}

func (f *configFile) addf(node *yaml.Node, code problem.Code, format string, arguments ...any) {
	f.problems.Add(problem.Problem{
		Code: code, File: f.path, Line: node.Line, Column: node.Column, Message: fmt.Sprintf(format, arguments...),
	})
}
