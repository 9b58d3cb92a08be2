// Command notices prints the licences of the Go standard library and of all modules that are linked into a binary.
//
//	go run ./internal/notices ./cmd/jobwright >THIRD_PARTY_NOTICES
//
// A release ships the output beside the binary and in the image, because most of these licences require that their text
// accompanies binaries. The command fails if a module has no licence file, or one that is not in the list of accepted
// licences: read the licence of a new dependency before it is distributed.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// accepted lists the licences, by SPDX identifier, that a binary under Apache-2.0 may include without further duties than
// to ship their text and the module's notice. MPL-2.0 asks in addition that its files stay available in source form, which
// the public module proxy ensures.
var accepted = []string{
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-2-Clause-FreeBSD", "BSD-2-Clause-Views", "BSD-3-Clause", "BlueOak-1.0.0",
	"CC0-1.0", "GooglePatentsFile", "ISC", "MIT", "MPL-2.0", "PostgreSQL", "Unicode-DFS-2016", "Unlicense", "Zlib", "blessing",
}

// withoutFile lists the modules that include no licence file, with the reason why they are linked all the same. The notices
// say so.
var withoutFile = map[string]string{
	"github.com/cactus/go-statsd-client/statsd":    "its repository's own licence is MIT; Temporal's server requires it",
	"github.com/nexus-rpc/nexus-proto-annotations": "Temporal publishes it, and Temporal's API for Go (MIT) requires it",
}

// isLegal matches the names of the files that hold licences and notices.
var isLegal = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright|patents|unlicense)([-_.].*)?$`)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// run writes the notices of the given main packages.
func run(packages []string, out io.Writer) error {
	if len(packages) == 0 {
		return errors.New("name the main package of a binary, for example ./cmd/jobwright")
	}

	modules, err := linked(packages)
	if err != nil {
		return err
	}

	var problems []error

	for _, m := range modules {
		problems = append(problems, m.read())
	}

	if err := errors.Join(problems...); err != nil {
		return err
	}

	return write(out, modules)
}

// module is a module of which packages are linked.
type module struct {
	path, version, dir string
	packages           []string // The folders of its linked packages.
	texts              []text
	licences           []string // SPDX identifiers, sorted.
}

// text is a licence or notice file.
type text struct {
	name    string // Relative to the module's folder.
	content []byte
}

// linked returns the modules of which packages are linked into the binaries, without this one, sorted by path. The first is
// the standard library.
func linked(packages []string) ([]*module, error) {
	const format = "{{if .Standard}}{{else}}{{with .Module}}{{if not .Main}}" +
		"{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}{{end}}"

	arguments := append([]string{"list", "-deps", "-f", format}, packages...)
	command := exec.Command("go", arguments...) //nolint:gosec,noctx // A build tool.
	command.Stderr = os.Stderr

	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}

	goroot, err := exec.Command("go", "env", "GOROOT").Output() //nolint:noctx // It ends at once.
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}

	standard := &module{path: "The Go standard library", version: runtime.Version(), dir: strings.TrimSpace(string(goroot))}
	found := map[string]*module{}

	for line := range strings.Lines(string(output)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 4 { //nolint:mnd // The fields of format.
			continue
		}

		m := found[fields[0]]
		if m == nil {
			m = &module{path: fields[0], version: fields[1], dir: fields[2]}
			found[m.path] = m
		}

		m.packages = append(m.packages, fields[3])
	}

	modules := make([]*module, 0, len(found))
	for _, m := range found {
		modules = append(modules, m)
	}

	slices.SortFunc(modules, func(a, b *module) int { return cmp.Compare(a.path, b.path) })

	return append([]*module{standard}, modules...), nil
}

// read collects the module's licence and notice files: those in its root, and those in the folders between the root and each
// linked package, which apply to copied code.
func (m *module) read() error {
	folders := []string{m.dir}

	for _, folder := range m.packages {
		for ; len(folder) > len(m.dir); folder = filepath.Dir(folder) {
			folders = append(folders, folder)
		}
	}

	slices.Sort(folders)

	for _, folder := range slices.Compact(folders) {
		if err := m.readFolder(folder); err != nil {
			return err
		}
	}

	slices.Sort(m.licences)
	m.licences = slices.Compact(m.licences)

	if reason := withoutFile[m.path]; reason != "" && len(m.licences) == 0 {
		m.licences = []string{"no licence file (" + reason + ")"}

		return nil
	}

	if len(m.licences) == 0 {
		return fmt.Errorf("module %s %s has no licence file that is recognised; read its terms before you link it",
			m.path, m.version)
	}

	for _, licence := range m.licences {
		if !slices.Contains(accepted, licence) {
			return fmt.Errorf("module %s %s has the licence %s, which is not accepted; do not link it",
				m.path, m.version, licence)
		}
	}

	return nil
}

func (m *module) readFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}

	for _, entry := range entries {
		if entry.IsDir() || !isLegal.MatchString(entry.Name()) || filepath.Ext(entry.Name()) == ".go" {
			continue
		}

		content, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // A file of a module.
		if err != nil {
			return err
		}

		name, err := filepath.Rel(m.dir, filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}

		m.texts = append(m.texts, text{name: filepath.ToSlash(name), content: bytes.TrimSpace(content)})

		for _, match := range licensecheck.Scan(content).Match {
			if !match.IsURL {
				m.licences = append(m.licences, match.ID)
			}
		}
	}

	return nil
}

// write prints an overview and then every text, each different one once.
func write(out io.Writer, modules []*module) error {
	var page bytes.Buffer

	page.WriteString("Jobwright includes the following third-party software.\n\n")

	for _, m := range modules {
		fmt.Fprintf(&page, "%s %s: %s\n", m.path, m.version, strings.Join(m.licences, ", "))
	}

	users := map[string][]string{}

	var order []string

	for _, m := range modules {
		for _, t := range m.texts {
			content := string(t.content)
			if users[content] == nil {
				order = append(order, content)
			}

			users[content] = append(users[content], m.path+" "+m.version+" ("+t.name+")")
		}
	}

	for _, content := range order {
		fmt.Fprintf(&page, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(users[content], "\n"), content)
	}

	_, err := out.Write(page.Bytes())

	return err
}
