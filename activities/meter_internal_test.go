package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/source"
)

func TestMeterReportsPercentSpeedAndRemainingTime(t *testing.T) {
	t.Parallel()

	began := time.Now()
	m := newMeter(began)

	var last job.Progress

	for second := range int64(20) {
		now := began.Add(time.Duration(second+1) * time.Second)
		last = m.report(now, job.Progress{Rows: (second + 1) * 10, Bytes: 7}, source.Extent{Bytes: (second + 1) * 100, TotalBytes: 4_000})

		require.EqualValues(t, (second+1)*100/40, *last.Percent)
		require.EqualValues(t, 10, last.RowsPerSecond)
		require.EqualValues(t, 100, last.BytesPerSecond)
		require.Equal(t, second < 4, last.RemainingSeconds == 0, "the remaining time requires several samples")
	}

	require.EqualValues(t, 4_000, last.TotalBytes)
	require.EqualValues(t, 2_000, last.Bytes)
	require.EqualValues(t, 21, last.RemainingSeconds)

	for second := range int64(20) { // It stalls.
		last = m.report(began.Add(time.Duration(21+second)*time.Second), job.Progress{Rows: 200}, source.Extent{Bytes: 2_000, TotalBytes: 4_000})
	}

	require.Zero(t, last.BytesPerSecond)
	require.Zero(t, last.RemainingSeconds)
	require.EqualValues(t, 50, *last.Percent)
}

func TestMeterReportsNothingOfAnUnknownTotal(t *testing.T) {
	t.Parallel()

	began := time.Now()
	got := newMeter(began).report(began.Add(2*time.Second), job.Progress{Rows: 10}, source.Extent{})
	require.Equal(t, job.Progress{Rows: 10, Advance: job.Advance{RowsPerSecond: 5}}, got)
}

func TestMeterPercentNeverDecreasesAndIsBelow100(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		now := time.Now()
		m := newMeter(now)

		rows, before := int64(0), int64(0)

		for range rapid.IntRange(1, 30).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 5_000).Draw(t, "pause")) * time.Millisecond)
			rows += rapid.Int64Range(0, 1_000).Draw(t, "more")

			total := rapid.Int64Range(0, 10_000).Draw(t, "total") // Estimates change.
			input := source.Extent{TotalRows: rapid.Int64Range(0, 10_000).Draw(t, "estimate"), Estimated: rapid.Bool().Draw(t, "estimated")}

			if rapid.Bool().Draw(t, "sized") {
				input = source.Extent{Bytes: min(rows, total), TotalBytes: total, Estimated: true}
			}

			got := m.report(now, job.Progress{Rows: rows}, input)

			if got.Percent == nil {
				require.Zero(t, before)

				continue
			}

			require.GreaterOrEqual(t, *got.Percent, before)
			require.Less(t, *got.Percent, int64(100))
			require.GreaterOrEqual(t, got.RemainingSeconds, int64(0))
			require.GreaterOrEqual(t, got.RowsPerSecond, int64(0))

			before = *got.Percent
		}
	})
}
