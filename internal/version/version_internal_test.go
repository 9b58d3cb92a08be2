package version

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

const aCommit = "5b581873bd4054113a8368f89e2f6f8f3b0e7c11"

func TestInfoPrefersStampedValuesToBuildInfo(t *testing.T) {
	t.Parallel()

	recorded := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: aCommit}, {Key: "vcs.time", Value: "2026-01-31T12:00:00Z"}, {Key: "vcs.modified", Value: modified},
		}}
	}

	for name, row := range map[string]struct {
		stamped Info
		build   *debug.BuildInfo
		want    Info
		line    string
	}{
		"stamped": {
			Info{Version: "v0.1.0", Commit: "abc", Date: "2026-02-01T00:00:00Z"},
			recorded("v0.0.9", "true"),
			Info{Version: "v0.1.0", Commit: "abc", Date: "2026-02-01T00:00:00Z"},
			"v0.1.0 (commit abc, 2026-02-01)",
		},
		"only the version stamped": {
			Info{Version: "v0.1.0"},
			recorded("v0.0.9", "false"),
			Info{Version: "v0.1.0", Commit: aCommit, Date: "2026-01-31T12:00:00Z"},
			"v0.1.0 (commit 5b581873bd40, 2026-01-31)",
		},
		"only the commit stamped": {
			Info{Commit: "abc"}, recorded("v0.0.9", "true"), Info{Version: "v0.0.9", Commit: "abc"}, "v0.0.9 (commit abc)",
		},
		"installed with go install": {
			Info{}, &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0"}}, Info{Version: "v0.1.0"}, "v0.1.0",
		},
		"built in a changed working copy": {
			Info{},
			recorded("(devel)", "true"),
			Info{Version: "dev", Commit: aCommit, Modified: true, Date: "2026-01-31T12:00:00Z"},
			"dev (commit 5b581873bd40 with changes, 2026-01-31)",
		},
		"nothing recorded": {Info{}, &debug.BuildInfo{}, Info{Version: "dev"}, "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			row.want.Go, row.want.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
			row.want.TemporalSDK = temporal.SDKVersion

			info := describe(row.stamped, row.build)
			require.Equal(t, row.want, info)
			require.Equal(t, row.line, info.String())
		})
	}
}

func TestInfoLogsKnownFieldsOnly(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		info Info
		want string
	}{
		"all": {
			Info{"v0.1.0", aCommit, true, "2026-01-31", "go1.26.8", "linux/amd64", "1.50.0"},
			`{"build":{"version":"v0.1.0","commit":"` + aCommit + `","modified":true,"date":"2026-01-31",` +
				`"go":"go1.26.8","platform":"linux/amd64","temporalSdk":"1.50.0"}}`,
		},
		"few": {
			Info{Version: "dev", Go: "go1.26.8", Platform: "linux/amd64", TemporalSDK: "1.50.0"},
			`{"build":{"version":"dev","go":"go1.26.8","platform":"linux/amd64","temporalSdk":"1.50.0"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var out bytes.Buffer

			slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				if len(groups) == 0 && a.Key != "build" {
					return slog.Attr{}
				}

				return a
			}})).Info("", "build", row.info)

			require.JSONEq(t, row.want, out.String())
		})
	}
}

func TestVersionCommandAndFlagPrintTheSameText(t *testing.T) {
	t.Parallel()

	run := func(arguments ...string) string {
		var out bytes.Buffer

		root := &cobra.Command{Use: "tool", RunE: func(*cobra.Command, []string) error { return nil }}
		AddTo(root)
		root.SetArgs(arguments)
		root.SetOut(&out)
		require.NoError(t, root.Execute())

		return out.String()
	}

	require.Regexp(t, `^tool \S+\n  Commit        \S+.*\n  Date          \S+\n  Go            `+runtime.Version()+` \S+/\S+\n`+
		`  Temporal SDK  `+temporal.SDKVersion+`\n$`, run("version"))
	require.Equal(t, run("version"), run("--version"))

	var printed Info
	require.NoError(t, json.Unmarshal([]byte(run("version", "--json")), &printed))
	require.Equal(t, Get(), printed)
}
