// Command pack packages the Helm chart, as `helm package --version --app-version` does, with the functions of Helm that this
// module has anyway.
//
//	go run ./pack -version 0.1.0 -destination /tmp
//
// The version of a release becomes that of the chart and, because it is the tag of the image, its appVersion. The links to the
// alerts and the dashboard become files.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

func main() {
	version := flag.String("version", "", "version of the release, without the v of its tag")
	source := flag.String("chart", "../jobwright", "folder of the chart")
	destination := flag.String("destination", ".", "folder of the package, whose name is jobwright-VERSION.tgz")
	flag.Parse()
	log.SetOutput(io.Discard) // Helm logs each link that it follows.

	file, err := pack(*source, *version, *destination)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}

	fmt.Println(file)
}

// pack packages the chart in a folder, and returns the file. An error says if the version is not one of Semantic Versioning.
func pack(source, version, destination string) (string, error) {
	packed, err := loader.LoadDir(source)
	if err != nil {
		return "", err
	}

	packed.Metadata.Version, packed.Metadata.AppVersion = version, version

	return chartutil.Save(packed, destination)
}
