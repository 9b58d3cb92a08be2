package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
)

const chartDir = "../../jobwright"

func TestPackHasTheVersionOfTheRelease(t *testing.T) {
	t.Parallel()

	for _, version := range []string{"1.2.3", "1.2.4-SNAPSHOT-0123abc"} { // The second is that of goreleaser's snapshots.
		file, err := pack(chartDir, version, t.TempDir())
		require.NoError(t, err)
		require.Equal(t, "jobwright-"+version+".tgz", filepath.Base(file))

		packed, err := loader.LoadFile(file)
		require.NoError(t, err)
		require.Equal(t, version, packed.Metadata.Version)
		require.Equal(t, version, packed.Metadata.AppVersion)
	}
}

func TestPackRefusesWhatIsNoVersion(t *testing.T) {
	t.Parallel()

	for _, version := range []string{"", "main", "1.2.3.4"} {
		_, err := pack(chartDir, version, t.TempDir())
		require.ErrorContains(t, err, "version", "%q", version)
	}
}

// Each file of the folder is in the package, with its content, also where the folder has a link.
func TestPackHasAllFiles(t *testing.T) {
	t.Parallel()

	file, err := pack(chartDir, "1.2.3", t.TempDir())
	require.NoError(t, err)

	packed := unpack(t, file)
	require.Contains(t, packed, "files/alerts.yaml")

	require.NoError(t, filepath.WalkDir(chartDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}

		name := strings.TrimPrefix(filepath.ToSlash(path), chartDir+"/")
		if name == "Chart.yaml" { // It has another version.
			return nil
		}

		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), packed[name], name)

		return nil
	}))
}

// unpack returns the files of a package, by their paths in the chart.
func unpack(t *testing.T, file string) map[string]string {
	t.Helper()

	opened, err := os.Open(file)
	require.NoError(t, err)

	defer opened.Close()

	unzipped, err := gzip.NewReader(opened)
	require.NoError(t, err)

	files := map[string]string{}

	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}

		require.NoError(t, err)
		require.Equal(t, byte(tar.TypeReg), header.Typeflag, header.Name)

		text, err := io.ReadAll(reader)
		require.NoError(t, err)

		files[strings.TrimPrefix(header.Name, "jobwright/")] = string(text)
	}
}
