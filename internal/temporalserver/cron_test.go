package temporalserver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/reugn/go-quartz/quartz"
	robfig "github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/service/worker/scheduler"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/schedule/cron"
)

// The calendars of package cron are only as good as what Temporal makes of them, so these tests let Temporal's own code compute the
// moments. They are here because only this package imports Temporal's server.

// moments are the moments at which a schedule of Temporal's fires.
type moments struct {
	expression *cron.Expression
	compiled   *scheduler.CompiledSpec
	zone       *time.Location
}

// schedule returns the moments of an expression from 2026 on.
func schedule(t require.TestingT, expression, zone string) moments {
	location, err := time.LoadLocation(zone)
	require.NoError(t, err)

	parsed, err := cron.Parse(expression)
	require.NoError(t, err, expression)

	spec, err := parsed.Spec(location, time.Date(2027, 11, 30, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err, expression)

	unlimited := dynamicconfig.GetIntPropertyFn(0)

	compiled, err := scheduler.NewSpecBuilder(unlimited, unlimited).NewCompiledSpec(spec)
	require.NoError(t, err)

	return moments{expression: parsed, compiled: compiled, zone: location}
}

// next returns the first moment after a time at which Temporal starts and the expression fires, or the zero time.
func (m moments) next(t require.TestingT, after time.Time) time.Time {
	for {
		found, err := m.compiled.GetNextTime("", after)
		require.NoError(t, err)

		if found.Nominal.IsZero() || m.expression.Fires(found.Nominal.In(m.zone)) {
			return found.Nominal
		}

		require.True(t, m.expression.Misfires(found.Nominal.In(m.zone)), "%s", found.Nominal.In(m.zone))

		after = found.Nominal
	}
}

// zones are time zones with different changes of time, and one without.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"}

// drawTime returns a time in a zone from 2026 to 2035.
func drawTime(t *rapid.T, zone string) time.Time {
	location, err := time.LoadLocation(zone)
	require.NoError(t, err)

	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	seconds := rapid.Int64Range(from, from+9*365*24*3600).Draw(t, "seconds")

	return time.Unix(seconds, 0).In(location)
}

// drawField returns a field of an expression: a list of values, ranges and steps.
func drawField(t *rapid.T, name string, first, last int, steps string) string {
	entry := rapid.Custom(func(t *rapid.T) string {
		a, b := rapid.IntRange(first, last).Draw(t, name), rapid.IntRange(first, last).Draw(t, name)
		step := rapid.IntRange(2, max(2, (last-first)/2)).Draw(t, name)

		switch rapid.IntRange(0, 4).Draw(t, name) {
		case 0:
			return fmt.Sprintf("%d-%d", min(a, b), max(a, b))
		case 1:
			return fmt.Sprintf("%s/%d", steps, step)
		default:
			return fmt.Sprint(a)
		}
	})

	if rapid.IntRange(0, 2).Draw(t, name) == 0 {
		return "*"
	}

	return strings.Join(rapid.SliceOfN(entry, 1, 3).Draw(t, name), ",")
}

// requireSameMoments requires that Temporal fires at the moments of a library, except around changes of time, where libraries
// differ.
func requireSameMoments(t require.TestingT, expression string, from time.Time, next func(time.Time) time.Time) {
	scheduled := schedule(t, expression, from.Location().String())

	for range 10 {
		want := next(from)
		got := scheduled.next(t, from).In(from.Location())

		if want.IsZero() || want.Year() > 2090 {
			require.True(t, got.IsZero() || got.Year() > 2090 || want.IsZero() && got.Year() > from.Year()+4,
				"%q after %s: got %s, want none", expression, from, got)

			return
		}

		if changesBetween(from, want) || changesBetween(from, got) {
			return
		}

		require.Equal(t, want.Format(time.RFC3339), got.Format(time.RFC3339), "%q after %s", expression, from)

		from = got
	}
}

// changesBetween reports whether the zone's offset changes within a day around the time between two moments.
func changesBetween(from, to time.Time) bool {
	if from.Location().String() == "UTC" || from.Location().String() == "Asia/Kolkata" {
		return false
	}

	_, before := from.AddDate(0, 0, -1).Zone()
	_, after := to.AddDate(0, 0, 1).Zone()

	return before != after || to.Sub(from) > 30*24*time.Hour
}

func TestStandardCronFiresAsRobfigCron(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		expression := strings.Join([]string{
			drawField(t, "minute", 0, 59, "*"), drawField(t, "hour", 0, 23, "*"), drawField(t, "day", 1, 31, "*"),
			drawField(t, "month", 1, 12, "*"), drawField(t, "weekday", 0, 6, "*"),
		}, " ")

		if _, err := cron.Parse(expression); err != nil {
			require.ErrorContains(t, err, "no date") // February 30.

			return
		}

		want, err := robfig.ParseStandard(expression)
		require.NoError(t, err)

		requireSameMoments(t, expression, drawTime(t, rapid.SampledFrom(zones).Draw(t, "zone")), want.Next)
	})
}

func TestQuartzCronFiresAsGoQuartz(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		days := []string{drawField(t, "day", 1, 31, "1"), "?"}
		if rapid.Bool().Draw(t, "by weekday") {
			days = []string{"?", drawField(t, "weekday", 1, 7, "1")}
		}

		expression := strings.Join([]string{
			rapid.SampledFrom([]string{"0", "15", "0/20", "5,50"}).Draw(t, "second"), drawField(t, "minute", 0, 59, "0"), drawField(t, "hour", 0, 23, "0"), days[0],
			drawField(t, "month", 1, 12, "1"), days[1],
		}, " ")

		if _, err := cron.Parse(expression); err != nil {
			require.ErrorContains(t, err, "no date")

			return
		}

		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		from := drawTime(t, zone)

		trigger, err := quartz.NewCronTriggerWithLoc(expression, from.Location())
		require.NoError(t, err, expression)

		requireSameMoments(t, expression, from, func(after time.Time) time.Time {
			nanoseconds, err := trigger.NextFireTime(after.UnixNano())
			if err != nil {
				return time.Time{}
			}

			return time.Unix(0, nanoseconds).In(from.Location())
		})
	})
}

// nearestWeekdayOf returns the weekday nearest to a date, in the same month.
func nearestWeekdayOf(date time.Time) time.Time {
	for _, days := range []int{0, -1, 1, -2, 2} {
		near := date.AddDate(0, 0, days)
		if near.Month() == date.Month() && near.Weekday() != time.Saturday && near.Weekday() != time.Sunday {
			return near
		}
	}

	return time.Time{}
}

func TestCronFiresOnSpecialDays(t *testing.T) {
	t.Parallel()

	lastOf := func(date time.Time) time.Time {
		return time.Date(date.Year(), date.Month()+1, 0, 12, 0, 0, 0, time.UTC)
	}
	nearest := func(date time.Time, day int) bool {
		to := time.Date(date.Year(), date.Month(), day, 12, 0, 0, 0, time.UTC)

		return to.Month() == date.Month() && nearestWeekdayOf(to).Equal(date)
	}
	nth := func(date time.Time, day time.Weekday, number int) bool {
		return date.Weekday() == day && (date.Day()-1)/7+1 == number
	}

	for expression, fires := range map[string]func(date time.Time) bool{
		"0 0 12 L * ?":    func(date time.Time) bool { return date.Equal(lastOf(date)) },
		"0 0 12 L-3 * ?":  func(date time.Time) bool { return date.AddDate(0, 0, 3).Equal(lastOf(date)) },
		"0 0 12 L-30 * ?": func(date time.Time) bool { return date.Day() == 1 && lastOf(date).Day() == 31 },
		"0 0 12 1,L * ?":  func(date time.Time) bool { return date.Day() == 1 || date.Equal(lastOf(date)) },
		"0 0 12 LW * ?":   func(date time.Time) bool { return nearestWeekdayOf(lastOf(date)).Equal(date) },
		"0 0 12 1W * ?":   func(date time.Time) bool { return nearest(date, 1) },
		"0 0 12 15W * ?":  func(date time.Time) bool { return nearest(date, 15) },
		"0 0 12 28W * ?":  func(date time.Time) bool { return nearest(date, 28) },
		"0 0 12 29W 2 ?":  func(date time.Time) bool { return date.Month() == time.February && nearest(date, 29) },
		"0 0 12 31W * ?":  func(date time.Time) bool { return nearest(date, 31) },
		"0 0 12 ? * 6L": func(date time.Time) bool {
			return date.Weekday() == time.Friday && date.AddDate(0, 0, 7).Month() != date.Month()
		},
		"0 0 12 ? 2 SUNL": func(date time.Time) bool {
			return date.Month() == 2 && date.Weekday() == 0 && date.AddDate(0, 0, 7).Month() != 2
		},
		"0 0 12 ? * FRI#2":   func(date time.Time) bool { return nth(date, time.Friday, 2) },
		"0 0 12 ? * 2#1,3#5": func(date time.Time) bool { return nth(date, time.Monday, 1) || nth(date, time.Tuesday, 5) },
		"0 0 12 ? * L":       func(date time.Time) bool { return date.Weekday() == time.Saturday },
		"0 0 12 ? * FRI-MON": func(date time.Time) bool { return date.Weekday() >= 5 || date.Weekday() <= 1 },
		"0 0 12 29 2 ? 2024/8": func(date time.Time) bool {
			return date.Month() == 2 && date.Day() == 29 && (date.Year()-2024)%8 == 0
		},
		"0 12 L * *":       func(date time.Time) bool { return date.Equal(lastOf(date)) },
		"0 12 13 * FRI":    func(date time.Time) bool { return date.Day() == 13 || date.Weekday() == time.Friday },
		"0 12 * * 5#3":     func(date time.Time) bool { return nth(date, time.Friday, 3) },
		"0 12 * * 5-7":     func(date time.Time) bool { return date.Weekday() >= 5 || date.Weekday() == 0 },
		"0 12 1 jan-mar 0": func(date time.Time) bool { return date.Month() <= 3 && (date.Day() == 1 || date.Weekday() == 0) },
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()

			scheduled := schedule(t, expression, "UTC")
			date := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
			next := scheduled.next(t, date.Add(-time.Second))

			for ; date.Year() < 2100; date = date.AddDate(0, 0, 1) {
				require.Equal(t, fires(date), next.Equal(date), "%s", date)

				if next.Equal(date) {
					next = scheduled.next(t, date)
				}
			}
		})
	}
}

// zonesWithChanges are time zones whose clocks change, east and west of Greenwich: by an hour, by half an hour (Lord Howe) and by
// two (Troll), at midnight (Cairo, Santiago, Havana, the Azores), and around Ramadan (Casablanca).
var zonesWithChanges = []string{
	"Europe/London", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Sydney", "Australia/Lord_Howe",
	"Asia/Kolkata", "Antarctica/Troll", "Africa/Cairo", "America/Santiago", "Atlantic/Azores", "Africa/Casablanca", "America/Nuuk",
	"America/Havana",
}

func TestCronFiresThroughChangesOfTime(t *testing.T) {
	t.Parallel()

	expressions := []string{
		"30 1 * * *", "30 2 * * *", "0 2 * * *", "0 3 * * *", "0 * * * *", "*/20 * * * *", "15,45 1-3 * * *", "0 1/2 L * *",
		"0 0/30 1-3 ? * SUN", "30 2 * 3,10 SUN", "0 0 0 ? * 1", "15 0 * * *", "45 23 * * *", "30 23 L * *", "10,40 0,23 * * *",
		"45 12 * * SUN", "45 12 * * SAT", "0 0 12 ? * 1#1,7#2",
	}

	for _, zone := range zonesWithChanges {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()

			for _, expression := range expressions {
				scheduled := schedule(t, expression, zone)
				_, change := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).In(scheduled.zone).ZoneBounds()

				for ; !change.IsZero() && change.Year() < 2030; _, change = change.ZoneBounds() {
					at, end := change.AddDate(0, 0, -1), change.AddDate(0, 0, 1)
					next := scheduled.next(t, at.Add(-time.Second))

					for ; at.Before(end); at = at.Add(time.Minute) {
						if scheduled.expression.Fires(at) || next.Equal(at) {
							require.Equal(t, at.UTC(), next, "%s in %s", expression, zone)

							next = scheduled.next(t, at)
						}
					}
				}
			}
		})
	}
}

func TestCronFiresOncePerNightWhereClocksChange(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, zone, expression, from, want string }{
		{
			"a skipped time fires at the end of the gap", "Europe/Berlin", "30 2 * * *", "2027-03-27T00:00:00Z",
			"2027-03-27T02:30:00+01:00 2027-03-28T03:00:00+02:00 2027-03-29T02:30:00+02:00",
		},
		{
			"a doubled time fires the first time", "Europe/Berlin", "30 2 * * *", "2027-10-30T00:00:00Z",
			"2027-10-30T02:30:00+02:00 2027-10-31T02:30:00+02:00 2027-11-01T02:30:00+01:00",
		},
		{
			"a skipped time in New York", "America/New_York", "0 30 2 * * ?", "2027-03-13T06:00:00Z",
			"2027-03-13T02:30:00-05:00 2027-03-14T03:00:00-04:00 2027-03-15T02:30:00-04:00",
		},
		{
			"a doubled time in New York", "America/New_York", "0 30 1 * * ?", "2027-11-06T05:00:00Z",
			"2027-11-06T01:30:00-04:00 2027-11-07T01:30:00-04:00 2027-11-08T01:30:00-05:00",
		},
		{
			"every hour, the doubled one too", "Europe/Berlin", "0 0 * * * ?", "2027-10-30T23:30:00Z",
			"2027-10-31T02:00:00+02:00 2027-10-31T02:00:00+01:00 2027-10-31T03:00:00+01:00",
		},
		{
			"half hours of the doubled hour, twice", "Europe/Berlin", "0/30 2 * * *", "2027-10-30T23:30:00Z",
			"2027-10-31T02:00:00+02:00 2027-10-31T02:30:00+02:00 2027-10-31T02:00:00+01:00",
		},
		{
			"half hours of the skipped hour, never", "Europe/Berlin", "0/30 2 * * *", "2027-03-27T01:00:00Z",
			"2027-03-27T02:30:00+01:00 2027-03-29T02:00:00+02:00 2027-03-29T02:30:00+02:00",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			at, err := time.Parse(time.RFC3339, test.from)
			require.NoError(t, err)

			scheduled := schedule(t, test.expression, test.zone)

			var got []string

			for range 3 {
				at = scheduled.next(t, at)
				got = append(got, at.In(scheduled.zone).Format(time.RFC3339))
			}

			require.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}
