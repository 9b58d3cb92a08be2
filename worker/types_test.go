package worker_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/csv"
	"github.com/jobwright/jobwright/source/format/json"
	"github.com/jobwright/jobwright/source/format/parquet"
	"github.com/jobwright/jobwright/source/format/xlsx"
	"github.com/jobwright/jobwright/source/format/xml"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sqlite"
)

var update = flag.Bool("update", false, "rewrite the generated sections")

var typesPage = filepath.Join("..", "docs", "types.md")

var generated = regexp.MustCompile(`(?s)<!-- generated: (\w+) -->\n(.*?)\n<!-- /generated -->`)

// mappings returns the tables of types of each driver and format: types that it reads, and types that it creates.
func mappings() map[string][2]string {
	text := func(types []source.Mapping, creations []source.Creation) [2]string {
		var read, made strings.Builder

		read.WriteString("| type | is read as | |\n|---|---|---|\n")

		for _, mapping := range types {
			read.WriteString("| " + mapping.Native + " | " + code(mapping.Standard) + " | " + mapping.Note + " |\n")
		}

		made.WriteString("| standard type | becomes | |\n|---|---|---|\n")

		for _, creation := range creations {
			made.WriteString("| " + code(creation.Standard) + " | " + creation.Native + " | " + creation.Note + " |\n")
		}

		return [2]string{read.String(), made.String()}
	}

	return map[string][2]string{
		"postgres": text(postgres.Types(), postgres.Creations()),
		"mysql":    text(mysql.Types(), mysql.Creations()),
		"sqlite":   text(sqlite.Types(), sqlite.Creations()),
		"csv":      text(csv.Types(), csv.Creations()),
		"json":     text(json.Types(), json.Creations()),
		"xml":      text(xml.Types(), xml.Creations()),
		"xlsx":     text(xlsx.Types(), xlsx.Creations()),
		"parquet":  text(parquet.Types(), parquet.Creations()),
	}
}

func code(standard string) string {
	if standard == "" {
		return ""
	}

	return "`" + standard + "`"
}

func TestTypesPageListsEveryDriverAndFormat(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile(typesPage)
	require.NoError(t, err)

	all := mappings()
	found := map[string]bool{}

	current := generated.ReplaceAllStringFunc(string(page), func(section string) string {
		name := generated.FindStringSubmatch(section)[1]
		require.Contains(t, all, name)

		found[name] = true

		return "<!-- generated: " + name + " -->\n\n" + all[name][0] + "\n" + all[name][1] + "\n<!-- /generated -->"
	})

	require.Len(t, found, len(all), "the page lacks a section")

	if *update {
		require.NoError(t, os.WriteFile(typesPage, []byte(current), 0o600))

		return
	}

	require.Equal(t, current, string(page), "run the test with -update")
}

// Each source and format can store each standard type, possibly as another type.
func TestEveryDriverAndFormatMapsEveryStandardType(t *testing.T) {
	t.Parallel()

	for name, creations := range map[string][]source.Creation{
		"postgres": postgres.Creations(), "mysql": mysql.Creations(), "sqlite": sqlite.Creations(), "csv": csv.Creations(),
		"json": json.Creations(), "xml": xml.Creations(), "xlsx": xlsx.Creations(), "parquet": parquet.Creations(),
	} {
		var made []string
		for _, creation := range creations {
			made = append(made, creation.Standard)
		}

		all := strings.Join(made, " ") + " "

		for _, of := range source.Types() {
			require.Regexp(t, `(^|\W)(`+string(of)+`|any|every)\b|\[\]`, all, "%s does not map %s", name, of)
		}
	}
}
