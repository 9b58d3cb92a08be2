package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/jobwright/jobwright/scenario"
)

// errJobFailed ends the command with exit status 1 when the job failed, after its answer was shown.
var errJobFailed = errors.New("the job failed")

const (
	maxAnswer    = 8 << 20 // Bytes of an answer that are shown.
	maxTableRows = 20
	readyPause   = 20 * time.Millisecond
)

// caller calls the API as any other client of it does.
type caller struct {
	address string
	key     string
}

// executeJob is the body of the call that runs a job and waits for its end.
type executeJob struct {
	APIKey    string    `json:"apiKey"`
	AppID     string    `json:"appId"`
	Operation operation `json:"operation"`
	IsAsync   bool      `json:"isAsync"`
	JobID     string    `json:"jobId,omitempty"`
}

type operation struct {
	OpName   string               `json:"opName"`
	OpParams scenario.RunScenario `json:"opParams"`
}

// waitUntilReady returns when a job that is started would run.
func (c *caller) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	for {
		status, _, err := c.call(ctx, http.MethodGet, "/readyz", nil)
		if err == nil && status == http.StatusOK {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("the API did not become ready: %w", errors.Join(err, ctx.Err()))
		case <-time.After(readyPause):
		}
	}
}

// runScenario runs a scenario as a job, waits for its end and shows the answer. The error is errJobFailed when the job,
// or the call, did not succeed.
func (c *caller) runScenario(ctx context.Context, appID, name string, out io.Writer) error {
	request := executeJob{APIKey: c.key, AppID: appID, Operation: operation{
		OpName: scenario.OpRunScenario, OpParams: scenario.RunScenario{Scenario: name, Parameters: scenario.Params{}},
	}}

	pasted, err := json.Marshal(request)
	if err != nil {
		return err
	}

	// With a jobId of its own, the call can be repeated until the job has ended, however long that takes.
	request.JobID = uuid.NewString()

	fmt.Fprintf(out, "\nRunning scenario %s of app %s as job %s\n", name, appID, request.JobID)

	body, err := json.Marshal(request)
	if err != nil {
		return err
	}

	status, answer := http.StatusAccepted, []byte(nil)
	for status == http.StatusAccepted {
		if status, answer, err = c.call(ctx, http.MethodPost, "/api/v1/executeJob.jsp", body); err != nil {
			return err
		}
	}

	if err := show(out, answer); err != nil {
		return err
	}

	fmt.Fprintf(out, "\nTo run it again:\n\n"+
		"  curl -H \"Content-Type: application/json\" -X POST -d '%s' \"http://%s/api/v1/executeJob.jsp\"\n",
		strings.ReplaceAll(string(pasted), "'", `'\''`), c.address)

	if status != http.StatusOK {
		return errJobFailed
	}

	return nil
}

func (c *caller) call(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}

	request.Header.Set("Content-Type", "application/json")

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()

	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))

	return response.StatusCode, answer, err
}

// shown is what of an answer is shown as tables.
type shown struct {
	Status string `json:"status"`
	Result struct {
		Message string `json:"message"`
		Results []struct {
			Name   *string `json:"name"`
			Result struct {
				Schema []struct {
					Name string `json:"name"`
				} `json:"schema"`
				Records []map[string]any `json:"records"`
			} `json:"result"`
		} `json:"results"`
	} `json:"result"`
}

// show prints an answer as tables and as the JSON that it is.
func show(out io.Writer, answer []byte) error {
	if len(answer) > maxAnswer {
		_, err := fmt.Fprintf(out, "\nThe answer has more than %d MiB; get it with the call below.\n", maxAnswer>>20)

		return err
	}

	var read shown

	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()

	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("the API's answer can't be read: %w", err)
	}

	if read.Status != "success" {
		fmt.Fprintf(out, "\nIt failed: %s\n", read.Result.Message)
	}

	for _, set := range read.Result.Results {
		rows := table.NewWriter()
		rows.SetStyle(table.StyleLight)
		rows.Style().Format.Header = 0 // Column names as they are.

		var header table.Row
		for _, column := range set.Result.Schema {
			header = append(header, column.Name)
		}

		rows.AppendHeader(header)

		for i, record := range set.Result.Records {
			if i == maxTableRows {
				rows.AppendFooter(table.Row{fmt.Sprintf("… %d more", len(set.Result.Records)-maxTableRows)})

				break
			}

			var row table.Row
			for _, column := range set.Result.Schema {
				row = append(row, cell(record[column.Name]))
			}

			rows.AppendRow(row)
		}

		name := "result"
		if set.Name != nil {
			name = *set.Name
		}

		fmt.Fprintf(out, "\n%s\n%s\n", name, rows.Render())
	}

	var indented bytes.Buffer
	if err := json.Indent(&indented, answer, "", "  "); err != nil {
		return err
	}

	_, err := fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(indented.String()))

	return err
}

// cell is a value as a table shows it.
func cell(value any) any {
	if value == nil {
		return "NULL"
	}

	return value
}
