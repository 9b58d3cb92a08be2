package console

import "net/http"

// show makes a page.
type show func(*request) (*view, error)

// change handles a form whose CSRF token is right, and returns the address of the page to show then.
type change func(*request) (address string, err error)

// route is an address of the console. It has one of the functions.
type route struct {
	pattern string // Of [http.ServeMux].
	show    show
	change  change
	copy    func(http.ResponseWriter, *request) error // Responds with what the API responds.
}

// routes are the addresses that need a session.
var routes = []route{
	{pattern: "GET /{$}", change: showFirst},
	{pattern: "GET /jobs", show: jobs},
	{pattern: "POST /jobs/bulk", change: bulk},
	{pattern: "GET /jobs/{job}", show: showJob},
	{pattern: "GET /jobs/{job}/events", copy: events},
	{pattern: "GET /jobs/{job}/results/{format}", copy: download},
	{pattern: "GET /jobs/{job}/retry", show: showRetry},
	{pattern: "POST /jobs/{job}/retry", change: retryJob},
	{pattern: "POST /jobs/{job}/stop", change: stopJob},
	{pattern: "POST /jobs/{job}/pause", change: pauseJob},
	{pattern: "POST /jobs/{job}/resume", change: resumeJob},
	{pattern: "POST /jobs/{job}/signal", change: signalJob},
	{pattern: "POST /jobs/{job}/redeliver", change: redeliver},
	{pattern: "GET /scenarios", show: scenarios},
	{pattern: "GET /scenarios/{scenario}", show: showScenario},
	{pattern: "POST /scenarios/{scenario}/run", change: runScenario},
	{pattern: "GET /schedules", show: schedules},
	{pattern: "POST /schedules/{schedule}/pause", change: pauseSchedule},
	{pattern: "POST /schedules/{schedule}/resume", change: resumeSchedule},
	{pattern: "POST /schedules/{schedule}/run", change: runSchedule},
	{pattern: "POST /schedules/{schedule}/backfill", change: backfillSchedule},
	{pattern: "GET /sources", show: sources},
	{pattern: "POST /sources", show: checkSources},
	{pattern: "GET /system", show: system},
}

// showFirst leads to the page that a visitor sees first: the first one in the navigation.
func showFirst(r *request) (string, error) {
	if permitted := navigation(r.session, ""); len(permitted) > 0 {
		return permitted[0].Address, nil
	}

	return "/jobs", nil
}

// Patterns returns the patterns of all addresses that need a session, as [http.ServeMux] has them.
func Patterns() []string {
	patterns := make([]string, len(routes))
	for i, route := range routes {
		patterns[i] = route.pattern
	}

	return patterns
}
