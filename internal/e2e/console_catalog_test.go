package e2e_test

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/console"
)

// catalogApp has what the pages of scenarios, schedules, sources and the system show. No server listens at the address of erp.
func catalogApp(t *testing.T) map[string]string {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	return map[string]string{
		"app.yaml": `
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
  erp: {kind: PgSQLSource, connStr: "postgres://app@` + listener.Addr().String() + `/books", password: "${env:JOBWRIGHT_APP_7_KEY}"}
schedules:
  yearly: {scenario: Load, cron: "0 0 0 1 1 ? 2090", parameters: {count: 1}}
access:
  - {name: operator, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [execute, status, schedule, operate]}
  - {name: viewer, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
`,
		"files/people.csv": "id,name\n1,Ada\n",
		"scenarios/Load.yaml": `# Loads people.
description: Loads the people.
parameters:
  count: {type: integer, description: How many}
  note: {type: text, default: none}
steps:
  - {title: Load people, opName: LoadTableFromSource, opParams: {source: files, table: people.csv, targetSource: stage, targetTable: people}}
  - {title: Return the number, opName: Return, opParams: {value: "${count + 41} ${note}"}}
`,
		"scenarios/Load_test.yaml": "tests:\n  - {name: People are loaded}\n",
		"scenarios/Broken.yaml":    "description: Broken.\nsteps:\n  - opName: Retrun\n",
	}
}

// openConsole returns a browser that has signed in to the console of a new catalogApp.
func openConsole(t *testing.T) (b *browser, appID, address string) {
	t.Helper()

	appID, address = newApp(t, catalogApp(t)), serveConsole(t).address
	await(t, func() bool { return newSchedules().Reconcile(t.Context()) == nil }) // Temporal may be busy with other schedules.

	b = openBrowser(t)
	b.open(t, address)
	b.fill(t, "App", appID)
	b.fill(t, "API key", callerKey)
	b.click(t, "Sign in")
	b.awaitText(t, "h1", "Jobs")

	return b, appID, address
}

func TestConsoleScenariosInABrowser(t *testing.T) {
	t.Parallel()

	b, _, _ := openConsole(t)
	b.click(t, "Scenarios")
	b.awaitText(t, "h1", "Scenarios")
	b.awaitText(t, "tr", "1 mistake")

	b.click(t, "Broken")
	b.awaitText(t, ".problem", "Retrun")
	b.awaitText(t, ".source tr.wrong", "unknown operation Retrun")
	b.click(t, "Line 3")
	require.Equal(t, "#line-3", b.await(t, "location.hash"))
	b.click(t, "Scenarios")

	b.click(t, "Load")
	b.awaitText(t, "h1", "Load")
	require.Equal(t, "people.csv", b.await(t, `document.querySelector(".graph .file text")?.textContent`)) // It has no innerText.
	require.Equal(t, "Load people", b.await(t, `document.querySelector(".graph .step text")?.textContent`))
	b.awaitText(t, ".source", "# Loads people.")
	b.awaitText(t, "main", "People are loaded")
	b.awaitText(t, ".facts", "yearly")

	// What is wrong in the form is refused by the API. What is right in it remains.
	b.fill(t, "count", "many")
	b.fill(t, "note", `with "quotes"`)
	b.click(t, "Run and watch")
	b.awaitText(t, ".problem", "integer")

	b.fill(t, "count", "1")
	b.click(t, "Run and watch")
	b.awaitText(t, "#status", "completed")
	b.awaitText(t, "main", `42 with`)

	b.click(t, "Scenarios")
	b.await(t, `document.querySelector(".run.completed") ? "yes" : ""`) // The page shows it without a click, a little later.
	b.awaitText(t, "tr", "100 %")
}

func TestConsoleSchedulesInABrowser(t *testing.T) {
	t.Parallel()

	b, _, _ := openConsole(t)
	b.click(t, "Schedules")
	b.awaitText(t, "tr", "yearly runs Load")
	b.awaitText(t, "tr", "active")

	b.click(t, "Actions…")
	b.await(t, `(() => {
		const menu = document.querySelector(".menu[open] > div").getBoundingClientRect()
		return document.elementFromPoint(menu.left + 20, menu.bottom - 20)?.closest(".menu") ? "not cut off" : ""
	})()`)
	b.fill(t, "Reason", "the feed is broken")
	b.click(t, "Pause")
	b.awaitText(t, ".notice", "The schedule is paused.")
	b.awaitText(t, "tr", "paused by operator: the feed is broken")

	b.click(t, "Actions…")
	b.click(t, "Resume")
	b.awaitText(t, ".notice", "fires again")
	b.awaitText(t, "tr", "active")

	b.click(t, "Actions…")
	b.click(t, "Run now")
	b.awaitText(t, ".notice", "fires now")
	b.clickAt(t, `document.querySelector("a.run.completed")`) // The page shows it without a reload.
	b.awaitText(t, "#status", "completed")

	b.click(t, "Schedules")
	b.click(t, "Actions…")
	b.click(t, "Backfill")
	b.awaitText(t, ".notice", "for the times of the range")
}

func TestConsoleSourcesInABrowser(t *testing.T) {
	t.Parallel()

	b, _, _ := openConsole(t)
	b.click(t, "Sources")
	b.awaitText(t, "#source-stage", "Load writes")
	b.awaitText(t, "#source-files", "path: files")

	b.clickAt(t, `document.querySelector("#source-stage button")`)
	b.awaitText(t, "#source-stage", "reachable")
	b.awaitText(t, "#source-stage", "SQLite")
	b.await(t, `document.querySelector("#source-erp [role=status]") ? "" : "yes"`)

	b.click(t, "Check all")
	b.awaitText(t, "#source-erp", "not reachable")
	b.awaitText(t, "#source-erp", "What to do:")
	b.awaitText(t, "#source-files", "reachable")
	require.NotContains(t, b.await(t, "document.body.innerText"), callerKey)
}

func TestConsoleSystemInABrowser(t *testing.T) {
	t.Parallel()

	b, appID, address := openConsole(t)
	b.click(t, "System")
	b.awaitText(t, "h1", "System")
	b.awaitText(t, "main", "Asked for work")
	b.awaitText(t, "td", appID)
	b.awaitText(t, "td", "scenarios/Broken.yaml:3")
	b.awaitText(t, ".facts", "reachable")

	// A key that may only see jobs does not see the other pages.
	v := signIn(t, address, appID, statusKey)
	_, _, page := v.get(t, "/jobs")
	require.NotContains(t, page, `href="/system"`)
	require.NotContains(t, page, `href="/sources"`)
	require.NotContains(t, page, `href="/scenarios"`)

	for _, path := range []string{"/system", "/sources", "/scenarios", "/scenarios/Load"} {
		status, _, text := v.get(t, path)
		require.Equal(t, http.StatusForbidden, status, text)
	}

	status, _, schedules := v.get(t, "/schedules")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, schedules, "yearly")
	require.NotContains(t, schedules, "/schedules/yearly/")
}

// A page that follows changes says so when it no longer can, and when it can again.
func TestConsolePageSaysThatItIsOutOfDate(t *testing.T) {
	t.Parallel()

	var isDown atomic.Bool

	appID := newApp(t, catalogApp(t))
	address := serve(t, apiserver.Options{Pages: func(api http.Handler) http.Handler {
		pages := console.New(console.Options{API: api, Log: slog.New(slog.DiscardHandler)})

		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isDown.Load() {
				panic(http.ErrAbortHandler) // Closes the connection.
			}

			pages.ServeHTTP(w, r)
		})
	}}).address

	b := openBrowser(t)
	b.open(t, address)
	b.fill(t, "App", appID)
	b.fill(t, "API key", callerKey)
	b.click(t, "Sign in")
	b.click(t, "System")
	b.awaitText(t, "main", "Asked for work")

	const hidden = `document.getElementById("stale").hidden ? "hidden" : ""`

	b.await(t, hidden)
	isDown.Store(true)
	b.awaitText(t, "#stale", "This page is out of date. The server does not respond.")
	isDown.Store(false)
	b.await(t, hidden)
}
