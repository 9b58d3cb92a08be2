package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

const scenarioWithParameters = `{"parameters": {
  "country": {"type": "text"}, "limit": {"type": "integer", "default": 10}, "key": {"type": "text", "secret": true}
}, "steps": [{"opName": "Transform", "opParams": {"source": "stage", "query": "SELECT 1", "returnResult": true}}]}`

func TestAppReadsSchedules(t *testing.T) {
	t.Parallel()

	found := load(t, `
sources: {stage: {kind: SQLiteSource}}
variables: {lastLoad: {type: timestamp, default: "2000-01-01T00:00:00Z"}}
schedules:
  nightly:
    description: Loads what is new.
    scenario: Main
    parameters: {country: US, day: "${scheduledAt}"}
    cron: 0 0 2 ? * MON-FRI
    timeZone: Europe/Berlin
    overlap: bufferOne
    catchUpWindow: 2h
    paused: true
    onlyIf: ${lastLoad < scheduledAt}
  often: {scenario: Other, interval: 90s}
`, nil)

	require.Len(t, found.Schedules, 2)

	nightly, ok := found.Schedule("nightly")
	require.True(t, ok)
	require.Equal(t, "Loads what is new.", nightly.Description)
	require.Equal(t, "Main", nightly.Scenario)
	require.Equal(t, jsonvalue.Object{"country": "US", "day": "${scheduledAt}"}, nightly.Parameters)
	require.Equal(t, "${lastLoad < scheduledAt}", nightly.OnlyIf)
	require.Equal(t, app.OverlapBufferOne, nightly.Overlap)
	require.Equal(t, 2*time.Hour, nightly.CatchUpWindow)
	require.True(t, nightly.Paused)
	require.True(t, nightly.Fires(time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)))
	require.False(t, nightly.Fires(time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC)))

	often, ok := found.Schedule("often")
	require.True(t, ok)
	require.Equal(t, 90*time.Second, often.Interval)
	require.Equal(t, app.OverlapSkip, often.Overlap)
	require.Equal(t, app.DefaultCatchUpWindow, often.CatchUpWindow)
	require.True(t, often.Fires(time.Unix(180, 0)))
	require.False(t, often.Fires(time.Unix(100, 0)))

	_, ok = found.Schedule("never")
	require.False(t, ok)
}

func TestAppReportsMistakesInSchedules(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		`{a b: {scenario: Main, interval: 1h}}`:                                  `app.yaml:1:13: "a b" can't name a schedule`,
		`{a: {interval: 1h}}`:                                                    `app.yaml:1:13: the schedule a names no scenario`,
		`{a: {scenario: Main}}`:                                                  `app.yaml:1:13: the schedule a needs either cron or interval`,
		`{a: {scenario: Main, interval: 1h, cron: "* * * * *"}}`:                 `app.yaml:1:13: the schedule a needs either cron or interval`,
		`{a: {scenario: Main, interval: 1h, timeZone: UTC}}`:                     `app.yaml:1:57: timeZone: an interval has no time zone`,
		`{a: {scenario: Main, interval: 1500ms}}`:                                `app.yaml:1:43: interval: it must be whole seconds`,
		`{a: {scenario: Main, interval: daily}}`:                                 `app.yaml:1:43: interval: it must be a duration from 1s to`,
		`{a: {scenario: Main, cron: "0 25 * * *"}}`:                              `app.yaml:1:39: cron: the hour "25" is wrong: it must be 0 to 23`,
		`{a: {scenario: Main, cron: "0 0 2 * * 1"}}`:                             ``,
		`{a: {scenario: Main, cron: "0 0 2 1 * 1"}}`:                             `cron: the day of month and the day of week can't both restrict`,
		`{a: {scenario: Main, cron: "0 2 30 2 *"}}`:                              `cron: no date matches the cron expression`,
		`{a: {scenario: Main, cron: "0 2 * *"}}`:                                 `cron: a cron expression has five fields`,
		`{a: {scenario: Main, cron: "* * 1-3 * * ?", timeZone: Europe/Berlin}}`:  `cron: the cron expression fires too often`,
		`{a: {scenario: Main, cron: "0 2 * * *", timeZone: Europe/Entenhausen}}`: `app.yaml:1:62: timeZone: there is no time zone "Europe/Entenhausen"`,
		`{a: {scenario: Main, cron: "0 2 * * *", timeZone: Local}}`:              `timeZone: there is no time zone "Local"`,
		`{a: {scenario: Main, interval: 1h, overlap: queue}}`:                    `app.yaml:1:56: overlap: it must be one of skip, bufferOne`,
		`{a: {scenario: Main, interval: 1h, catchUpWindow: 1s}}`:                 `app.yaml:1:62: catchUpWindow: it must be a duration from 10s`,
		`{a: {scenario: Main, interval: 1h, paused: maybe}}`:                     `app.yaml:1:55: paused: it must be true or false`,
		`{a: {scenario: Main, interval: 1h, onlyIf: "${lastLaod}"}}`:             `app.yaml:1:47: schedules.a.onlyIf: `,
		`{a: {scenario: Main, interval: 1h, onlyIf: "$[stage]{SELECT 1}"}}`:      `schedules.a.onlyIf: `,
		`{a: {scenario: Main, interval: 1h, parameters: {day: "${nwo()}"}}}`:     `schedules.a.parameters.day: `,
		`{a: {scenario: Main, interval: 1h, parametres: {}}}`:                    `app.yaml:1:47: unknown field schedules.a.parametres`,
	} {
		_, err := catalog(t, map[string]string{"7/app.yaml": "schedules: " + text}).App("7")
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, want, text)
		}
	}
}

func TestCheckSchedulesComparesThemWithScenarios(t *testing.T) {
	t.Parallel()

	found := load(t, `sources: {stage: {kind: SQLiteSource}}
schedules:
  missing: {scenario: Mian, interval: 1h}
  broken: {scenario: Broken, interval: 1h}
  incomplete: {scenario: Main, interval: 1h}
  wrong:
    scenario: Main
    interval: 1h
    parameters:
      country: 49
      limit: ${1 + 1}
      key: abcdefgh
      place: here
  right: {scenario: Plain, interval: 1h}
`, map[string]string{
		"scenarios/Main.yaml": scenarioWithParameters, "scenarios/Broken.yaml": "steps: [{opName: Nothing}]",
		"scenarios/Plain.yaml": scenarioText,
	})

	var problems problem.List
	require.ErrorAs(t, found.CheckSchedules(), &problems)

	var texts []string
	for _, found := range problems {
		texts = append(texts, found.String())
	}

	want := []string{
		"app.yaml:3:13: schedules.missing: the app has no scenario Mian; did you mean Main?",
		"app.yaml:4:12: schedules.broken: the scenario Broken is invalid: scenarios/Broken.yaml:1:",
		"app.yaml:5:3: schedules.incomplete: the parameter country is missing",
		"app.yaml:5:3: schedules.incomplete: the parameter key is missing",
		"app.yaml:10:7: schedules.wrong: the parameter country must be text, but is",
		"app.yaml:12:7: schedules.wrong: the parameter key is a secret",
		"app.yaml:13:7: schedules.wrong: the scenario has no parameter place; known are country, limit, key",
	}
	require.Len(t, texts, len(want))

	for i := range want {
		require.Contains(t, texts[i], want[i])
	}
}
