// Package s3 is the driver of AWSS3Source: a bucket of Amazon S3, or of another server that speaks its protocol, whose objects
// are tables.
package s3

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/kind"
)

// Kind is the kind of source in app.yaml that selects this driver.
const Kind = kind.AWSS3Source

// defaultRegion is the region with which requests to other servers than Amazon's are signed: most have no regions.
const defaultRegion = "us-east-1"

// answerTimeout is the time in which a server must begin its answer, after which the SDK tries again.
const answerTimeout = time.Minute

// options are the options of an AWSS3Source in app.yaml.
type options kind.S3

// Open returns a source over the bucket that the definition names. It sends no request.
func Open(ctx context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	if err := opts.check(); err != nil {
		return nil, definition.Invalid(err)
	}

	settings, err := config.LoadDefaultConfig(ctx, opts.settings()...)
	if err != nil {
		return nil, &source.Error{
			Code: source.CodeDefinitionInvalid, Source: definition.Name, Err: err, // The text may contain paths and keys.
			Message: "the settings of the AWS SDK in the worker's environment can't be read",
			Hint:    "correct the worker's environment variables that begin with AWS_, or its configuration files of the AWS SDK",
		}
	}

	if settings.Region == "" && opts.Endpoint != "" {
		settings.Region = defaultRegion
	}

	if settings.Region == "" {
		return nil, definition.Invalid(errors.New("the region of the bucket is missing"))
	}

	client := s3.NewFromConfig(settings, opts.client)

	opened := &store{client: client, name: opts.Bucket, prefix: opts.folder()}
	if opened.bucket, err = opened.through(ctx, client); err != nil {
		return nil, definition.Invalid(err)
	}

	return files.New(definition.Name, opened), nil
}

// check returns an error if an option is missing or invalid.
func (o *options) check() error {
	switch {
	case o.Bucket == "":
		return errors.New("the bucket is missing")
	case (o.AccessKeyID == "") != (o.SecretAccessKey == ""):
		return errors.New("accessKeyId and secretAccessKey belong together; give both or none")
	case o.Endpoint == "":
		return nil
	}

	endpoint, err := url.Parse(o.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return errors.New("the endpoint is not a URL such as https://minio.example.com:9000")
	}

	if endpoint.User != nil {
		return errors.New("the endpoint must not contain keys; use accessKeyId and secretAccessKey")
	}

	return nil
}

// settings returns the changes of the options to the SDK's settings, which otherwise come from the worker's environment.
func (o *options) settings() []func(*config.LoadOptions) error {
	settings := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // Errors report every failure.
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
			transport.ResponseHeaderTimeout = answerTimeout
		})),
	}

	if o.Region != "" {
		settings = append(settings, config.WithRegion(o.Region))
	}

	if o.AccessKeyID != "" {
		settings = append(settings, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, "")))
	}

	return settings
}

// client adapts a client to a server that is not Amazon's.
func (o *options) client(client *s3.Options) {
	client.UsePathStyle = o.Endpoint != ""
	if o.PathStyle != nil {
		client.UsePathStyle = *o.PathStyle
	}

	if o.Endpoint != "" {
		client.BaseEndpoint = &o.Endpoint

		// Some servers do not support the checksums that the SDK sends by default.
		client.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		client.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
}

// folder returns the prefix of the names of all files in the bucket.
func (o *options) folder() string {
	if folder := strings.TrimPrefix(path.Clean("/"+o.Prefix), "/"); folder != "" {
		return folder + "/"
	}

	return ""
}
