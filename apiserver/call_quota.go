package apiserver

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/jobservice"
)

// callQuotas limit the calls of each app to this server. The zero value is ready for use.
type callQuotas struct {
	mutex    sync.Mutex
	limiters map[string]*rate.Limiter // By the app's ID.
}

// admit counts a call, and returns an error if it exceeds the quota of the app. As many calls as the quota permits in a minute
// may come at once.
func (q *callQuotas) admit(of *app.App, now time.Time) error {
	perMinute := of.Quota.CallsPerMinute
	if perMinute == 0 {
		return nil
	}

	reservation := q.limiter(of.ID, perMinute).ReserveN(now, 1)

	wait := reservation.DelayFrom(now)
	if wait == 0 {
		return nil
	}

	reservation.CancelAt(now)

	return jobservice.NewError(jobservice.CodeQuotaExceeded,
		"app %s makes more calls than limits.callsPerMinute in its app.yaml permits, %d in a minute on each API server; "+
			"repeat the call", of.ID, perMinute).RepeatAfter(wait)
}

// limiter returns the limiter of an app, with its present quota.
func (q *callQuotas) limiter(appID string, perMinute int) *rate.Limiter {
	q.mutex.Lock()
	defer q.mutex.Unlock()

	if q.limiters == nil {
		q.limiters = map[string]*rate.Limiter{}
	}

	if limiter := q.limiters[appID]; limiter == nil || limiter.Burst() != perMinute {
		q.limiters[appID] = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), perMinute)
	}

	return q.limiters[appID]
}
