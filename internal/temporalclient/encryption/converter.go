package encryption

import (
	"context"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// AddTo makes a client encode and decode payloads, also those in failures.
func (c *Codec) AddTo(options *client.Options) {
	options.DataConverter = c.Converter()
	options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: options.DataConverter, EncodeCommonAttributes: c.isEnabled,
	})
}

// Converter returns the data converter of the clients that [Codec.AddTo] configures.
func (c *Codec) Converter() converter.DataConverter {
	return dataConverter{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c), c}
}

// dataConverter panics in a workflow that can't read a payload. An error would fail the workflow, and with it the job, for ever.
// A panic fails the workflow task, and Temporal repeats the task until a worker has the key.
type dataConverter struct {
	converter.DataConverter

	codec *Codec
}

// WithWorkflowContext returns the converter for the code of a workflow.
func (d dataConverter) WithWorkflowContext(workflow.Context) converter.DataConverter {
	inWorkflow := *d.codec
	inWorkflow.inWorkflow = true

	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), &inWorkflow)
}

// WithContext returns the converter itself.
func (d dataConverter) WithContext(context.Context) converter.DataConverter { return d }
