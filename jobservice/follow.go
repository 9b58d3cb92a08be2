package jobservice

import (
	"context"
	"errors"
	"sync"

	"github.com/jobwright/jobwright/internal/clock"
)

// ErrClosing is the error of a [Watch] whose service closes.
var ErrClosing = errors.New("the service closes")

// Watch follows the status of a job: each status is the whole state of the job, with a greater version than the one before. It
// is used by one goroutine.
type Watch struct {
	service  *Service
	key      jobKey
	follower *follower
	known    *int64 // The version that the receiver knows; nil if none.
	next     *Status
}

// jobKey identifies a job of an app.
type jobKey struct{ appID, jobID string }

// Watch follows a job of the app, from the current status or, if that has the version after, from the next change. It returns
// when the current status is known; if the job does not exist, it returns an error. All watches of a job share the requests to
// Temporal. The caller closes the watch.
func (s *Service) Watch(ctx context.Context, appID, jobID string, after *int64) (*Watch, error) {
	if err := checkJobID(jobID); err != nil {
		return nil, err
	}

	key := jobKey{appID, jobID}
	w := &Watch{service: s, key: key, follower: s.followers.enter(ctx, key, s.follow), known: after}

	err := w.begin(ctx)
	if err != nil {
		w.Close()
	}

	return w, s.asError(ctx, jobID, err)
}

// begin waits for the current status.
func (w *Watch) begin(ctx context.Context) error {
	for {
		status, changed, err := w.service.followers.state(w.follower)

		switch {
		case status != nil && w.known != nil && status.Version < *w.known:
			// The receiver has it from another server which has looked later, or the job was reset.
			w.next, err = w.service.statusOf(ctx, w.key.appID, w.key.jobID)

			return err
		case status != nil:
			w.next = status

			return nil
		case err != nil:
			return err
		}

		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// IsOver reports whether the job has ended with the status that the receiver knows.
func (w *Watch) IsOver() bool {
	return w.next != nil && w.next.Ended && w.known != nil && w.next.Version == *w.known
}

// Next returns the next status. If ctx ends first, the error is that of ctx, and Next can be called again. It is [ErrClosing] if
// the service closes. After the status of the ended job there is no other one.
func (w *Watch) Next(ctx context.Context) (*Status, error) {
	for {
		if status := w.next; status != nil && (w.known == nil || status.Version != *w.known) {
			w.known = &status.Version

			return status, nil
		}

		status, changed, err := w.service.followers.state(w.follower)

		switch {
		case status != nil && (w.next == nil || status.Version > w.next.Version || status.readAt.After(w.next.readAt)):
			w.next = status

			continue
		case err != nil:
			return nil, w.service.asError(ctx, w.key.jobID, err)
		}

		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-w.service.closing.Done():
			return nil, ErrClosing
		}
	}
}

// Close ends the watch.
func (w *Watch) Close() { w.service.followers.leave(w.key, w.follower) }

// followers read the status of jobs for all watches. The zero value is ready for use.
type followers struct {
	mutex   sync.Mutex
	running map[jobKey]*follower
}

// follower reads the status of a job after each change. It stores only the last one, so that it needs no more memory for a
// receiver that is slow.
type follower struct {
	watches int
	stop    context.CancelFunc

	status  *Status       // The last status; nil before the first one.
	err     error         // Why it has ended.
	changed chan struct{} // Closed when status or err change.
}

// enter adds a watch to the follower of the job, which it starts with run unless it is running.
func (f *followers) enter(ctx context.Context, key jobKey, run func(context.Context, jobKey, func(*Status)) error) *follower {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	found := f.running[key]
	if found == nil {
		following, stop := context.WithCancel(context.WithoutCancel(ctx))
		found = &follower{stop: stop, changed: make(chan struct{})}

		if f.running == nil {
			f.running = make(map[jobKey]*follower)
		}

		f.running[key] = found

		go func() {
			_, err := recovered(func() (struct{}, error) {
				return struct{}{}, run(following, key, func(status *Status) { f.publish(key, found, status, nil) })
			})
			f.publish(key, found, nil, err)
		}()
	}

	found.watches++

	return found
}

// publish reports a status, or the error with which the follower has ended, to all watches.
func (f *followers) publish(key jobKey, of *follower, status *Status, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if status != nil {
		of.status = status
	}

	if of.err = err; (err != nil || status != nil && status.Ended) && f.running[key] == of {
		delete(f.running, key) // The next watch looks again.
	}

	close(of.changed)
	of.changed = make(chan struct{})
}

// state returns the last status, a channel that is closed when it changes, and the error with which the follower has ended.
func (f *followers) state(of *follower) (status *Status, changed <-chan struct{}, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	return of.status, of.changed, of.err
}

// leave removes a watch. A follower without watches ends.
func (f *followers) leave(key jobKey, of *follower) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	of.watches--

	if of.watches > 0 {
		return
	}

	of.stop()

	if f.running[key] == of {
		delete(f.running, key)
	}
}

// follow reports the status of a job and then each change, until the job ends. After its first status, it survives outages of
// Temporal.
func (s *Service) follow(ctx context.Context, key jobKey, report func(*Status)) error {
	var last *Status

	for ctx.Err() == nil {
		status, err := s.statusOf(ctx, key.appID, key.jobID)

		if err == nil {
			if last == nil || status.Version != last.Version || status.Ended {
				report(status)
			}

			if last = status; status.Ended {
				return nil
			}

			err = s.watchVersion(ctx, status)
		}

		switch _, isFinal := errors.AsType[*Error](asJobError(key.jobID, err)); {
		case err == nil:
		case last == nil, isFinal:
			return asJobError(key.jobID, err)
		default:
			_ = clock.Sleep(ctx, maxRetryPause)
		}
	}

	return ctx.Err()
}
