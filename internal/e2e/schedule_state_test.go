package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/schedule"
)

// A schedule that can't start its job is not shown as active: not by the API, the command and the page.
func TestScheduleWithAMistakeIsInvalid(t *testing.T) {
	t.Parallel()

	appID := newApp(t, scheduledScenarios)
	folder := filepath.Join(shared.dir, "apps", appID)
	broken := map[string]string{"scenarios/Broken.yaml": "steps: [{opName: Retrun}]\n"}
	writeApp(t, folder, broken)
	setSchedules(t, appID, `
  fine: {scenario: Echo, interval: 1000h}
  resting: {scenario: Echo, interval: 1000h, paused: true}
  broken: {scenario: Broken, interval: 1000h}
  missing: {scenario: Eco, interval: 1000h, paused: true}
  mistyped: {scenario: Echo, interval: 1000h, parameters: {dya: Monday}}
`)

	user, v := newTerminal(t, appID), signIn(t, serveConsole(t).address, appID, callerKey)

	for name, want := range map[string]struct {
		state   schedule.State
		problem string // A part of it; empty for none.
	}{
		"fine":     {schedule.StateActive, ""},
		"resting":  {schedule.StatePaused, ""},
		"broken":   {schedule.StateInvalid, "unknown operation Retrun"},
		"missing":  {schedule.StateInvalid, "the app has no scenario Eco; did you mean Echo?"},
		"mistyped": {schedule.StateInvalid, "dya"},
	} {
		found := api().schedule(t, appID, name)
		require.Equal(t, want.state, found.State, name)

		line := regexp.MustCompile(`(?m)^` + name + ` .*$`).FindString(user.require(t, "schedules", "list"))
		require.Regexp(t, `^`+name+` +\S `+string(want.state)+` `, line)

		_, _, page := v.get(t, "/schedules")
		_, row, isFound := strings.Cut(page, `<tr id="`+name+`">`)
		require.True(t, isFound, page)

		row, _, _ = strings.Cut(row, "</tr>")
		require.Contains(t, row, "<span>"+string(want.state)+"</span>", name)
		require.Equal(t, found.Paused, strings.Contains(row, "<span>paused</span>"), name)

		if want.problem == "" {
			require.Empty(t, found.Problems)
			require.NotContains(t, row, "last-error")

			continue
		}

		require.Contains(t, found.Problems[0], want.problem)
		require.Contains(t, line, want.problem)
		require.Contains(t, row, want.problem)
	}

	// It is active as soon as the mistake is corrected.
	broken["scenarios/Broken.yaml"] = "steps: [{opName: Return, opParams: {value: 1}}]\n"
	writeApp(t, folder, broken)
	await(t, func() bool { return api().schedule(t, appID, "broken").State == schedule.StateActive })

	// An invalid app.yaml leaves the schedules as they are, and each says so.
	manifest := filepath.Join(folder, "app.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	writeApp(t, folder, map[string]string{"app.yaml": string(text) + "unknown: secret-of-the-author\n"})

	await(t, func() bool { return api().schedule(t, appID, "fine").State == schedule.StateStale })

	problems := strings.Join(api().schedule(t, appID, "fine").Problems, "\n")
	require.Contains(t, problems, "app.yaml has mistakes, and the schedule is that of its last valid revision")
	require.NotContains(t, problems, "secret-of-the-author", "only operators read mistakes in app.yaml")
	require.Equal(t, schedule.StatePaused, api().schedule(t, appID, "resting").State)
	require.NotEmpty(t, api().schedule(t, appID, "resting").Problems)
	require.Regexp(t, `(?m)^fine +! stale `, user.require(t, "schedules", "list"))
}
