package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/jobservice"
)

func TestSystemPageShowsTaskQueues(t *testing.T) {
	t.Parallel()

	api := cannedAPI()
	api.results["getSystem"] = jobservice.System{
		Temporal: jobservice.Temporal{Reachable: true},
		Queues: []jobservice.Queue{
			{
				Name: "jobwright", Workflows: &jobservice.QueueLoad{Backlog: 1234, BacklogMs: 90_000}, Workers: 2,
				Slots: &jobservice.Slots{Used: 7, Free: 13},
			},
			{Name: "jobwright-bulk", Workers: 2},
			{Name: "heavy", Activities: jobservice.QueueLoad{Backlog: 5, BacklogMs: 3_600_000}},
		},
		MoreQueues: 3,
		Workers:    []jobservice.Worker{{Name: "1@a", TaskQueues: []string{"jobwright", "jobwright-bulk"}}},
	}

	address, browser := signedIn(t, api)
	response, err := browser.Get(address + "/system")
	require.NoError(t, err)
	defer response.Body.Close()

	require.Equal(t, http.StatusOK, response.StatusCode)

	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	page := strings.Join(strings.Fields(string(text)), " ")
	require.Contains(t, page, `<b>No worker polls the task queue heavy.</b> Its tasks wait until one is started: `+
		`<code>jobwright worker --task-queue heavy</code>.`)
	require.Equal(t, 1, strings.Count(page, "No worker"))
	require.Contains(t, page, `<td class="id">jobwright</td> <td class="right" data-name="Workers">2</td> `+
		`<td class="right" data-name="Waiting tasks of jobs">1,234</td> <td class="right" data-name="Waiting steps">0</td> `+
		`<td class="right" data-name="Oldest waits">1 min 30 s</td> `+
		`<td class="right" data-name="Running steps">7 <span class="quiet">of 20</span></td>`)
	require.Contains(t, page, `<td class="id">heavy</td> <td class="right" data-name="Workers"><span class="failed">none</span></td> `+
		`<td class="right" data-name="Waiting tasks of jobs"></td> <td class="right" data-name="Waiting steps">5</td> `+
		`<td class="right" data-name="Oldest waits">1 h 00 min</td>`)
	require.Contains(t, page, "There are 3 more.")
	require.Contains(t, page, `data-name="Task queues">jobwright, jobwright-bulk</td>`)
}

func TestSystemPageWithoutTemporalKnowsNoJobs(t *testing.T) {
	t.Parallel()

	address, browser := signedIn(t, cannedAPI()) // Its Temporal is not reachable.
	page := open(t, browser, address+"/system")
	require.Contains(t, page, "Temporal can't be reached.")
	require.Contains(t, page, `<dt>Running jobs of this app</dt><dd><span class="quiet">unknown</span></dd>`)
}
