package remote

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/view"
)

// statusInterrupted is the exit status of a command that was interrupted while it waited for a job, which continues: that of a
// process that SIGINT ends.
const statusInterrupted = 130

// refresh is the time after which the view of a job is drawn again, so that durations advance.
const refresh = 500 * time.Millisecond

// follower shows a job until it ends, or until the user wants to wait no longer.
type follower struct {
	on           *remote
	appID, jobID string
	live         *view.Live
	interrupts   chan os.Signal // Those after the first, which ends the context of the command.
	statuses     chan watched
}

// watched is a status, or the error of a watch.
type watched struct {
	status *client.Status
	err    error
}

// follow shows a job until it has ended, and returns its status without results. At Ctrl-C on a terminal, it asks whether to stop
// the job; elsewhere, it leaves the job running.
func (r *remote) follow(ctx context.Context, appID, jobID string) (*client.Status, error) {
	f := &follower{
		on: r, appID: appID, jobID: jobID, live: r.out.Live(),
		interrupts: make(chan os.Signal, 1), statuses: make(chan watched),
	}

	defer signal.Stop(f.interrupts)

	// The first Ctrl-C ends ctx, but the user may want to continue.
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()

	go f.watch(watching)

	return f.show(ctx, watching)
}

// watch sends each status of the job.
func (f *follower) watch(ctx context.Context) {
	defer close(f.statuses)

	for status, err := range f.on.api.Watch(ctx, f.appID, f.jobID, 0) {
		select {
		case f.statuses <- watched{status, err}:
		case <-ctx.Done():
			return
		}
	}
}

// show shows the statuses until the job has ended. ctx ends when the process is to end, and watching when the watch is to end.
func (f *follower) show(ctx, watching context.Context) (*client.Status, error) {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()

	var last *client.Status

	ended := ctx.Done()

	for {
		select {
		case next, isOpen := <-f.statuses:
			if !isOpen || next.err != nil {
				return last, next.err
			}

			last = next.status
			f.live.Show(last)
		case <-ticker.C:
			if last != nil {
				f.live.Tick(last)
			}
		case <-ended:
			if !errors.Is(context.Cause(ctx), cli.ErrInterrupted) {
				return last, f.leave()
			}

			ended = nil // The user decides, now and at the next Ctrl-C.

			signal.Notify(f.interrupts, os.Interrupt)

			if err := f.ask(watching); err != nil {
				return last, err
			}
		case <-f.interrupts:
			if err := f.ask(watching); err != nil {
				return last, err
			}
		}
	}
}

// ask asks what to do with the job. The error ends the command.
func (f *follower) ask(ctx context.Context) error {
	if !view.IsTerminal(os.Stdin) || !view.IsTerminal(f.on.out.Err) {
		return f.leave()
	}

	f.live.Leave()
	f.on.out.Notef("\nStop the job (s), leave it running (l), or continue to wait (c)?")

	select {
	case answer := <-answer():
		switch {
		case strings.HasPrefix(answer, "s"):
			return f.stop(ctx)
		case strings.HasPrefix(answer, "c"):
			return nil
		default:
			return f.leave()
		}
	case <-f.interrupts:
		f.on.out.Notef("")

		return f.leave()
	}
}

// stop requests the stop of the job. A Ctrl-C ends the command while the server does not respond.
func (f *follower) stop(ctx context.Context) error {
	requested := make(chan error, 1)

	go func() {
		_, err := f.on.api.Stop(ctx, f.appID, f.jobID)
		requested <- err
	}()

	select {
	case err := <-requested:
		return err
	case <-f.interrupts:
		f.on.out.Notef("\nThe server has not confirmed the stop. To see the job: %s", f.on.command("status", f.appID, f.jobID))

		return cli.ExitError{Status: statusInterrupted}
	}
}

// answer returns what the user types in a line, in lower case; "" at the end of the input.
func answer() <-chan string {
	answers := make(chan string, 1)

	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // An incomplete line counts, too.
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()

	return answers
}

// leave says that the job continues.
func (f *follower) leave() error {
	f.live.Leave()
	f.on.out.Notef("The job continues. To wait for it again: %s", f.on.command("watch", f.appID, f.jobID))

	return cli.ExitError{Status: statusInterrupted}
}

// command returns a command about a job, as the user can type it.
func (r *remote) command(name, appID, jobID string) string {
	words := []string{"jobwright", name}
	if r.named.url != "" {
		words = append(words, "--url", view.ShellWord(r.named.url))
	}

	if r.named.context != "" {
		words = append(words, "--context", view.ShellWord(r.named.context))
	}

	if r.named.keyFile != "" && r.named.keyFile != "-" {
		words = append(words, "--key-file", view.ShellWord(r.named.keyFile))
	}

	return strings.Join(append(words, "--app", view.ShellWord(appID), view.ShellWord(jobID)), " ")
}

// after returns a context for the calls after a job was followed: ctx, or one that is not done if a Ctrl-C has ended ctx and the
// user has chosen to continue.
func after(ctx context.Context) context.Context {
	if ctx.Err() != nil {
		return context.WithoutCancel(ctx)
	}

	return ctx
}
