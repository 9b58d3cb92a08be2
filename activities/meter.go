package activities

import (
	"time"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

const (
	// meterWindow is the number of heartbeat intervals over which a meter measures the speed.
	meterWindow = 10

	// remainingWindow is the least number of them after which it expects the rest of the input to take as long.
	remainingWindow = 5
)

// meter measures how far and how fast an attempt has come.
type meter struct {
	samples []sample // The last ones, from the oldest.
	percent int64    // The last one.
}

// sample is what was counted at one time.
type sample struct {
	at          time.Time
	rows, bytes int64
}

// newMeter returns a meter of an attempt that has begun at that time.
func newMeter(began time.Time) *meter { return &meter{samples: []sample{{at: began}}} }

// report returns the progress for a heartbeat: the counts, and how far they are into an input of that extent.
func (m *meter) report(now time.Time, counted job.Progress, input source.Extent) job.Progress {
	if input.TotalBytes > 0 {
		counted.Bytes, counted.TotalBytes = input.Bytes, input.TotalBytes
		counted.Estimated = input.Estimated
	}

	// A table with more records than estimated has an unknown number of them.
	if input.TotalRows > 0 && (counted.Rows <= input.TotalRows || !input.Estimated) {
		counted.TotalRows, counted.Estimated = input.TotalRows, input.Estimated
	}

	m.add(sample{now, counted.Rows, counted.Bytes})
	m.measure(&counted)

	return counted
}

// add adds a sample, and removes those before the window.
func (m *meter) add(next sample) {
	if m.samples = append(m.samples, next); len(m.samples) > meterWindow+1 {
		m.samples = m.samples[1:]
	}
}

// measure sets the percentage, the speed and the remaining time.
func (m *meter) measure(of *job.Progress) {
	first, last := m.samples[0], m.samples[len(m.samples)-1]

	perSecond := func(from, to int64) float64 {
		seconds := last.at.Sub(first.at).Seconds()
		if seconds <= 0 || to < from {
			return 0
		}

		return float64(to-from) / seconds
	}

	rows, bytes := perSecond(first.rows, last.rows), perSecond(first.bytes, last.bytes)
	of.RowsPerSecond, of.BytesPerSecond = int64(rows), int64(bytes)

	done, total, speed := of.Rows, of.TotalRows, rows
	if of.TotalBytes > 0 {
		done, total, speed = of.Bytes, of.TotalBytes, bytes
	}

	if total > 0 {
		m.percent = max(m.percent, job.PercentOf(done, total, false))
	} else if m.percent == 0 {
		return
	}

	percent := m.percent
	of.Percent = &percent

	if total > done && speed > 0 && len(m.samples) > remainingWindow {
		of.RemainingSeconds = int64(float64(total-done)/speed) + 1
	}
}
