package console

import (
	"context"
	"fmt"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/jobservice"
)

// historyStrip shows the jobs of the last day: a column for each half an hour.
type historyStrip struct {
	jobservice.HistoryCounts

	Columns  []historyColumn
	Median   string // The largest median of the columns; "" if there is none.
	IsCostly bool   // Whether there are so many jobs that Temporal has to read thousands and to count the others.
}

// historyColumn are the jobs that started in a part of the time. The parts of the column are lengths in percent, from the bottom.
type historyColumn struct {
	X       float64
	Title   string
	Address string // The list of these jobs.
	Parts   []historyPart
	Wait    float64 // The length of the bar of the median duration.
}

// historyPart is a part of a column.
type historyPart struct {
	Class     string
	Y, Height float64
}

// The measures of the strip.
const (
	columnWidth = 10
	minPart     = 8 // Percent: one failed job among thousands can be seen.
)

// historyTimeout is how long the list of jobs waits for the strip.
const historyTimeout = 3 * time.Second

// history returns the strip of a list of jobs; nil if it is not available in time.
func (r *request) history(filter jobFilter) *historyStrip {
	ctx, cancel := context.WithTimeout(r.Context(), historyTimeout)
	defer cancel()

	none := 0

	found, err := r.api.History(ctx, client.HistoryRequest{App: r.session.App, Scenario: filter.Scenario, Runs: &none})
	if err != nil {
		return nil // The list is of use without it.
	}

	strip := &historyStrip{HistoryCounts: found.Total, IsCostly: !found.Sample.Complete}

	var most, longest int64

	for _, bucket := range found.Buckets {
		most, longest = max(most, bucket.Started), max(longest, bucket.MedianMs)
	}

	if longest > 0 {
		strip.Median = duration(milliseconds(longest))
	}

	for i, bucket := range found.Buckets {
		to := found.To
		if i+1 < len(found.Buckets) {
			to = found.Buckets[i+1].From
		}

		of := jobFilter{
			Scenario: filter.Scenario, From: bucket.From.UTC().Format(timeField), To: to.UTC().Format(timeField),
		}
		column := historyColumn{
			X: float64(i * columnWidth), Title: titleOfBucket(bucket, to), Address: of.address(),
			Parts: partsOf(bucket.HistoryCounts, most),
		}

		if longest > 0 {
			column.Wait = 100 * float64(bucket.MedianMs) / float64(longest)
		}

		strip.Columns = append(strip.Columns, column)
	}

	return strip
}

// partsOf returns the parts of a column, in which the largest column has the height of 100.
func partsOf(counts jobservice.HistoryCounts, most int64) (parts []historyPart) {
	y := 100.0

	for _, part := range []struct {
		class string
		count int64
	}{{"failed", counts.Failed}, {"stopped", counts.Stopped}, {"running", counts.Running}, {"completed", counts.Completed}} {
		if part.count == 0 {
			continue
		}

		height := min(y, max(minPart, 100*float64(part.count)/float64(most)))
		y -= height
		parts = append(parts, historyPart{part.class, y, height})
	}

	return parts
}

// titleOfBucket says in words what a column shows.
func titleOfBucket(bucket jobservice.HistoryBucket, to time.Time) string {
	title := fmt.Sprintf("%s to %s UTC: %s", bucket.From.UTC().Format("15:04"), to.UTC().Format("15:04"),
		countOf(bucket.Started, "job", "jobs"))
	if bucket.Failed > 0 {
		title += fmt.Sprintf(", %s failed", number(bucket.Failed))
	}

	if bucket.MedianMs > 0 {
		title += ", usually " + duration(milliseconds(bucket.MedianMs))
	}

	return title
}

// milliseconds returns a duration of the API.
func milliseconds(count int64) time.Duration { return time.Duration(count) * time.Millisecond }
