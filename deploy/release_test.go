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
	Builds []struct {
		ID, Main string
		Ldflags  []string
	}
	Archives []struct {
		IDs   []string
		Files []string
	}
	SBOMs   []struct{ Cmd string } `yaml:"sboms"`
	Dockers []struct {
		Dockerfile string
		Flags      []string
		ExtraFiles []string `yaml:"extra_files"` //nolint:tagliatelle // goreleaser's name.
	} `yaml:"dockers_v2"` //nolint:tagliatelle // goreleaser's name.
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
