// Package version reports which build of Jobwright a process runs.
//
// A release build stamps the version, the commit and the date:
//
//	go build -ldflags "-X github.com/jobwright/jobwright/internal/version.version=v0.1.0
//	  -X github.com/jobwright/jobwright/internal/version.commit=$(git rev-parse HEAD)
//	  -X github.com/jobwright/jobwright/internal/version.date=$(date -u +%Y-%m-%dT%H:%M:%SZ)" ./cmd/jobwright
//
// Other builds report what the Go toolchain records: the module's version and the commit of the working copy.
package version

import (
	"cmp"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// Set by the linker. The names are part of the release configuration.
var version, commit, date string

// Unreleased is the version of a build that has neither a stamped version nor a module version.
const Unreleased = "dev"

// Info describes a build.
type Info struct {
	Version     string `json:"version"`            // For example v0.1.0, or [Unreleased].
	Commit      string `json:"commit,omitempty"`   // The full Git hash; empty if unknown.
	Modified    bool   `json:"modified,omitempty"` // Whether the working copy had changes that are not in the commit.
	Date        string `json:"date,omitempty"`     // RFC 3339: the build if it is stamped, else the commit; empty if unknown.
	Go          string `json:"go"`                 // The Go version, for example go1.26.8.
	Platform    string `json:"platform"`           // Operating system and architecture, for example linux/amd64.
	TemporalSDK string `json:"temporalSdk"`        // The version of Temporal's Go SDK, for example 1.50.0.
}

// Get returns the build of this process.
func Get() Info {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}

	return describe(Info{Version: version, Commit: commit, Date: date}, build)
}

// describe completes the stamped values with what the toolchain recorded.
func describe(stamped Info, build *debug.BuildInfo) Info {
	info := stamped
	info.Go = runtime.Version()
	info.Platform = runtime.GOOS + "/" + runtime.GOARCH
	info.TemporalSDK = temporal.SDKVersion

	recorded := map[string]string{}
	for _, setting := range build.Settings {
		recorded[setting.Key] = setting.Value
	}

	module := build.Main.Version
	if module == "(devel)" {
		module = ""
	}

	info.Version = cmp.Or(info.Version, module, Unreleased)

	// The recorded commit and date belong together: a stamped commit is not dated by another one.
	if info.Commit == "" {
		info.Commit = recorded["vcs.revision"]
		info.Modified = recorded["vcs.modified"] == "true"
		info.Date = cmp.Or(info.Date, recorded["vcs.time"])
	}

	return info
}

// String returns the version, the commit and the date on one line, for example "v0.1.0 (commit 5b581873bd40, 2026-01-31)".
func (i Info) String() string {
	const (
		shortCommit = 12
		day         = len("2006-01-02")
	)

	var details []string

	if i.Commit != "" {
		short := "commit " + i.Commit[:min(shortCommit, len(i.Commit))]
		if i.Modified {
			short += " with changes"
		}

		details = append(details, short)
	}

	if i.Date != "" {
		details = append(details, i.Date[:min(day, len(i.Date))])
	}

	if len(details) == 0 {
		return i.Version
	}

	return fmt.Sprintf("%s (%s)", i.Version, strings.Join(details, ", "))
}

// LogValue returns the build as a group of attributes.
func (i Info) LogValue() slog.Value {
	attributes := []slog.Attr{slog.String("version", i.Version)}

	if i.Commit != "" {
		attributes = append(attributes, slog.String("commit", i.Commit))
	}

	if i.Modified {
		attributes = append(attributes, slog.Bool("modified", true))
	}

	if i.Date != "" {
		attributes = append(attributes, slog.String("date", i.Date))
	}

	return slog.GroupValue(append(attributes,
		slog.String("go", i.Go), slog.String("platform", i.Platform), slog.String("temporalSdk", i.TemporalSDK))...)
}
