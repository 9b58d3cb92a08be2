package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// acquireSourceSlots waits for a slot of each of the sources, whose names are in order: no two steps wait for each other. It
// returns the slots if it fails.
func (m *machine) acquireSourceSlots(
	ctx workflow.Context, s *step, activityID string, sources []string,
) (held []job.SlotRequest, err error) {
	for _, name := range sources {
		// The number makes the holder unique: a late signal for an earlier request must not grant this one.
		m.slotRequests++
		request := job.SlotRequest{
			SlotHolder: job.SlotHolder{
				JobID: m.jobID, Step: fmt.Sprintf("%s#%d.%d", activityID, m.checkpoint.Runs, m.slotRequests),
			},
			AppID: m.input.AppID, Source: name, Queue: true,
		}
		held = append(held, request)

		err = m.requestSlot(ctx, activityID+slotActivityID, request, func(waiting *job.SlotAnswer) {
			m.tracker.setSourceWait(s.path, name, waiting)
		})
		if err == nil {
			err = ctx.Err()
		}

		if err != nil {
			releaseSourceSlots(ctx, held)

			return nil, err
		}
	}

	return held, nil
}

// releaseSourceSlots returns slots, or the places among those that wait, also if the job is being stopped. If the signal fails,
// an operator has terminated the workflow of the slots, and all are free.
func releaseSourceSlots(ctx workflow.Context, held []job.SlotRequest) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()

	for _, request := range held {
		id := job.SlotsID(request.AppID, request.Source)
		_ = workflow.SignalExternalWorkflow(ctx, id, "", job.ReleaseSignal, request.SlotHolder).Get(ctx, nil)
	}
}
