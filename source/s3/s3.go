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
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "AWSS3Source"

// defaultRegion signs requests to servers other than Amazon's, most of which have no regions.
const defaultRegion = "us-east-1"

// answerTimeout is how long a server may think about a request before the SDK tries again.
const answerTimeout = time.Minute

// options are the options of an AWSS3Source in app.yaml.
type options struct {
	Bucket          string `json:"bucket"`
	Region          string `json:"region"`          // Of the bucket; that of the worker's surroundings by default.
	Endpoint        string `json:"endpoint"`        // The address of a server other than Amazon's: http://minio:9000.
	AccessKeyID     string `json:"accessKeyId"`     // By default, the SDK looks for keys in the worker's surroundings.
	SecretAccessKey string `json:"secretAccessKey"` // Belongs to the accessKeyId.
	Prefix          string `json:"prefix"`          // The folder in the bucket; the whole bucket by default.
	PathStyle       *bool  `json:"pathStyle"`       // Whether addresses have the bucket in their path; it is so at an endpoint.
}

// Open returns a source over the bucket that definition names. It sends no request.
func Open(ctx context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	if err := opts.check(); err != nil {
		return nil, invalid(definition, err)
	}

	settings, err := config.LoadDefaultConfig(ctx, opts.settings()...)
	if err != nil {
		return nil, &source.Error{
			Code: source.CodeDefinitionInvalid, Source: definition.Name, Err: err, // It may tell files and keys.
			Message: "the settings for the AWS SDK in the worker's surroundings can't be read",
			Hint:    "correct the worker's environment variables that begin with AWS_, or its files for the AWS SDK",
		}
	}

	if settings.Region == "" && opts.Endpoint != "" {
		settings.Region = defaultRegion
	}

	if settings.Region == "" {
		return nil, invalid(definition, errors.New("the region of the bucket is missing"))
	}

	client := s3.NewFromConfig(settings, opts.client)

	opened := &store{client: client, name: opts.Bucket, prefix: opts.folder()}
	if opened.bucket, err = opened.through(ctx, client); err != nil {
		return nil, invalid(definition, err)
	}

	return files.New(definition.Name, opened), nil
}

// check finds what is missing or wrong in the options.
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
		return errors.New("the endpoint is no address such as https://minio.example.com:9000")
	}

	if endpoint.User != nil {
		return errors.New("the endpoint has no place for keys; give accessKeyId and secretAccessKey")
	}

	return nil
}

// settings are what the options change in the SDK's settings, which otherwise come from the worker's surroundings.
func (o *options) settings() []func(*config.LoadOptions) error {
	settings := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // What fails is told by errors.
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

// client changes what a client does where the server is not Amazon's.
func (o *options) client(client *s3.Options) {
	client.UsePathStyle = o.Endpoint != ""
	if o.PathStyle != nil {
		client.UsePathStyle = *o.PathStyle
	}

	if o.Endpoint != "" {
		client.BaseEndpoint = &o.Endpoint

		// Not every server knows the checksums that the SDK likes to send.
		client.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		client.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	}
}

// folder is what stands before the names of all files in the bucket.
func (o *options) folder() string {
	if folder := strings.TrimPrefix(path.Clean("/"+o.Prefix), "/"); folder != "" {
		return folder + "/"
	}

	return ""
}

func invalid(definition source.Definition, err error) error {
	return &source.Error{
		Code: source.CodeDefinitionInvalid, Source: definition.Name,
		Message: "the options of this " + Kind + " are wrong: " + err.Error(), Hint: "correct the source in app.yaml", Err: err,
	}
}
