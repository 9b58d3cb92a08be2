package database

import "context"

// Watch cancels a running query when the context ends that a caller has passed last. The zero value is ready for use.
type Watch struct {
	done <-chan struct{}
	stop func() bool
}

// Until calls cancel when ctx ends. It has no effect if the previous call had the same context.
func (w *Watch) Until(ctx context.Context, cancel func()) {
	if done := ctx.Done(); done != w.done {
		w.Stop()
		w.done, w.stop = done, context.AfterFunc(ctx, cancel)
	}
}

// Stop ends the watch.
func (w *Watch) Stop() {
	if w.stop != nil {
		w.stop()
	}
}
