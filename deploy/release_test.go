package deploy_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// releaseConfig is what these tests read of .goreleaser.yaml; `make release-check` validates the whole file.
type releaseConfig struct {
	Before struct{ Hooks []string }
	Builds []struct {
		ID, Main string
		Ldflags  []string
	}
	Archives []struct {
		IDs   []string
		Files []string
	}
	SBOMs    []struct{ Cmd string } `yaml:"sboms"`
	Checksum releaseFiles
	Release  releaseFiles
	Dockers  []struct {
		Images     []string
		Tags       []string
		Dockerfile string
		Flags      []string
		ExtraFiles []string `yaml:"extra_files"` //nolint:tagliatelle // goreleaser's name.
	} `yaml:"dockers_v2"` //nolint:tagliatelle // goreleaser's name.
}

// releaseFiles are files of the release that goreleaser does not make.
type releaseFiles struct {
	ExtraFiles []struct {
		Glob string
		Name string `yaml:"name_template"` //nolint:tagliatelle // goreleaser's name.
	} `yaml:"extra_files"` //nolint:tagliatelle // goreleaser's name.
}

func loadRelease(t *testing.T) releaseConfig {
	t.Helper()

	var config releaseConfig
	require.NoError(t, yaml.Load(read(t, filepath.Join(root, ".goreleaser.yaml")), &config))
	require.Len(t, config.Builds, 2)
	require.Len(t, config.Archives, 2)
	require.Len(t, config.Dockers, 1)

	return config
}

var stamp = regexp.MustCompile(`-X (github\.com/jobwright/jobwright/internal/version\.\w+)=`)

// stamps returns the variables that linker flags set, sorted.
func stamps(flags string) []string {
	var names []string
	for _, found := range stamp.FindAllStringSubmatch(flags, -1) {
		names = append(names, found[1])
	}

	slices.Sort(names)

	return names
}

// The linker ignores a variable that does not exist: a misspelt one would leave the version unknown.
func TestReleaseAndImageStampTheVariablesOfTheVersionPackage(t *testing.T) {
	t.Parallel()

	const version = "github.com/jobwright/jobwright/internal/version."

	variables := find(t, filepath.Join(root, "internal", "version", "version.go"), `(?m)^var (.*) string$`)

	var want []string
	for name := range strings.SplitSeq(variables, ", ") {
		want = append(want, version+name)
	}

	slices.Sort(want)
	require.Len(t, want, 3)

	for _, build := range loadRelease(t).Builds {
		require.Equal(t, want, stamps(strings.Join(build.Ldflags, " ")), build.ID)
		require.DirExists(t, filepath.Join(root, build.Main))
	}

	require.Equal(t, want, stamps(string(read(t, filepath.Join(root, "Dockerfile")))))
}

func TestReleaseShipsLicenceAndNotices(t *testing.T) {
	t.Parallel()

	config := loadRelease(t)
	for _, archive := range config.Archives {
		require.Subset(t, archive.Files, []string{"LICENSE", "THIRD_PARTY_NOTICES"}, "%s", archive.IDs)
	}

	require.FileExists(t, filepath.Join(root, "LICENSE"))

	// Both ways to the image include them too.
	dockerfile := string(read(t, filepath.Join(root, config.Dockers[0].Dockerfile)))
	require.Subset(t, config.Dockers[0].ExtraFiles, []string{"LICENSE", "THIRD_PARTY_NOTICES"})
	require.Contains(t, dockerfile, "COPY LICENSE ")
	require.Contains(t, dockerfile, "COPY THIRD_PARTY_NOTICES ")
	require.Contains(t, dockerfile, "COPY --from=build /out/THIRD_PARTY_NOTICES ")
}

func TestReleaseBuildsAStageOfTheDockerfile(t *testing.T) {
	t.Parallel()

	docker := loadRelease(t).Dockers[0]
	require.Len(t, docker.Flags, 1)

	stage, found := strings.CutPrefix(docker.Flags[0], "--target=")
	require.True(t, found)
	require.Contains(t, string(read(t, filepath.Join(root, docker.Dockerfile))), " AS "+stage+"\n")
}

// chartVersions is what these tests read of the description of the Helm chart.
type chartVersions struct {
	Version    string
	AppVersion string `yaml:"appVersion"`
}

func loadChart(t *testing.T) chartVersions {
	t.Helper()

	var chart chartVersions
	require.NoError(t, yaml.Load(read(t, filepath.Join(root, "deploy", "chart", "jobwright", "Chart.yaml")), &chart))

	return chart
}

// The chart of a checkout installs the image of the same release.
func TestChartHasTheVersionOfTheChangelog(t *testing.T) {
	t.Parallel()

	newest := find(t, filepath.Join(root, "CHANGELOG.md"), `(?m)^## \[([0-9][^\]]*)\]`)
	require.Equal(t, chartVersions{Version: newest, AppVersion: newest}, loadChart(t))
}

// The package has the version of the tag, is attached to the release, and its checksum is in the list.
func TestReleaseShipsTheChart(t *testing.T) {
	t.Parallel()

	config := loadRelease(t)
	require.Contains(t, config.Before.Hooks, "make chart-package CHART_VERSION={{ .Version }}")
	require.Len(t, config.Release.ExtraFiles, 1)
	require.Equal(t, "./packages/jobwright-{{ .Version }}.tgz", config.Release.ExtraFiles[0].Glob)
	require.Equal(t, config.Release, config.Checksum, "every file of a release has a checksum")

	makefile := string(read(t, filepath.Join(root, "Makefile")))
	require.Contains(t, makefile, "go run ./pack -version '$(CHART_VERSION)' -destination $(CURDIR)/packages")
}

// The appVersion of the chart is the tag of the image.
func TestReleaseTagsTheImageOfTheChart(t *testing.T) {
	t.Parallel()

	docker := loadRelease(t).Dockers[0]
	require.Equal(t, []string{"{{ .Version }}"}, docker.Tags)

	repository := find(t, filepath.Join(root, "deploy", "chart", "jobwright", "values.yaml"), `(?m)^  repository: (\S+)$`)
	require.Equal(t, []string{repository}, docker.Images)
}
