package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// scriptFile is a step that runs a file of the app.
type scriptFile struct{ file, path string }

// scriptFilesOf returns the files that steps run, in the order of the scenario's own file.
func scriptFilesOf(steps []Step, path string) []scriptFile {
	var files []scriptFile

	for i, step := range steps {
		at := fmt.Sprintf("%s[%d]", path, i)

		if file, isText := step.OpParams["scriptFile"].(string); isText && step.OpName == OpRunSourceScript {
			files = append(files, scriptFile{file, join(at, "opParams.scriptFile")})
		}

		for _, block := range step.Blocks {
			files = append(files, scriptFilesOf(block.Steps, step.blockPath(at, block.Name))...)
		}
	}

	return files
}

// files adds the files that a scenario of the program runs.
func (p *pinning) files(name string) error {
	pinned := p.program.Scenarios[name]

	for _, script := range scriptFilesOf(pinned.Steps, "steps") {
		text, err := p.library.file(script.file)

		switch {
		case errors.Is(err, ErrUnknown):
			p.addf(pinned, script.path, CodeFileMissing, "the app has no file %s", script.file)
		case err != nil:
			return err
		case !utf8.ValidString(text):
			p.addf(pinned, script.path, CodeFileMissing, "the file %s is no text in UTF-8", script.file)
		default:
			if p.program.Files == nil {
				p.program.Files = map[string]string{}
			}

			p.program.Files[script.file] = text
		}
	}

	return nil
}

func (l Library) file(path string) (string, error) {
	if l.ReadFile == nil {
		return "", ErrUnknown
	}

	return l.ReadFile(path)
}

// filesOf returns the files that scenarios of the program run.
func (p Program) filesOf(scenarios map[string]Scenario) map[string]string {
	var files map[string]string

	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		for _, script := range scriptFilesOf(scenarios[name].Steps, "") {
			if files == nil {
				files = map[string]string{}
			}

			files[script.file] = p.Files[script.file]
		}
	}

	return files
}
