// Package tracing sends traces of calls, jobs and steps to a collector of OpenTelemetry, if the environment asks for it.
package tracing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
)

// Tracing is the traces of a process. The nil pointer traces nothing.
type Tracing struct{ provider *trace.TracerProvider }

// The standard variables of OpenTelemetry that switch traces on. Others, such as OTEL_TRACES_SAMPLER and
// OTEL_EXPORTER_OTLP_HEADERS, are read by its SDK.
const (
	exporterVariable = "OTEL_TRACES_EXPORTER"
	endpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesVariable   = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	protocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocol   = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	disabledVariable = "OTEL_SDK_DISABLED"
)

// Start begins to trace if OTEL_TRACES_EXPORTER is otlp, or if it is not set and there is an endpoint. service is the name of the
// process unless OTEL_SERVICE_NAME is set. It returns nil if nothing is to be traced.
func Start(ctx context.Context, service, version string) (*Tracing, error) {
	endpoint := cmp.Or(os.Getenv(tracesVariable), os.Getenv(endpointVariable))

	switch exporter := os.Getenv(exporterVariable); {
	case strings.EqualFold(os.Getenv(disabledVariable), "true"), exporter == "none", exporter == "" && endpoint == "":
		return nil, nil //nolint:nilnil // The nil pointer traces nothing.
	case exporter != "" && exporter != "otlp":
		return nil, fmt.Errorf("%s is %q; the exporters are otlp and none", exporterVariable, exporter)
	}

	exporter, err := newExporter(ctx)
	if err != nil {
		return nil, err
	}

	described, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(service), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, err
	}

	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(described))

	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})

	return &Tracing{provider}, nil
}

// newExporter returns the exporter that the environment configures.
func newExporter(ctx context.Context) (trace.SpanExporter, error) {
	switch protocol := cmp.Or(os.Getenv(tracesProtocol), os.Getenv(protocolVariable), "http/protobuf"); protocol {
	case "grpc":
		return otlptracegrpc.New(ctx)
	case "http/protobuf":
		return otlptracehttp.New(ctx)
	default:
		return nil, fmt.Errorf("%s is %q; the protocols are grpc and http/protobuf", protocolVariable, protocol)
	}
}

// AddTo makes a client of Temporal, and the workers of it, trace workflows and activities. The trace of a call continues in its
// job: its context travels in the headers of workflows and activities.
func (t *Tracing) AddTo(options *client.Options) error {
	if t == nil {
		return nil
	}

	interceptor, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer: t.provider.Tracer("go.temporal.io/sdk"), TextMapPropagator: propagation.TraceContext{},
		DisableQueryTracing: true, DisableBaggage: true, AllowInvalidParentSpans: true,
	})
	if err != nil {
		return err
	}

	options.Interceptors = append(options.Interceptors, interceptor)

	return nil
}

// Stop sends the traces that were not sent yet.
func (t *Tracing) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}

	return t.provider.Shutdown(ctx)
}
