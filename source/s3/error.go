package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/jobwright/jobwright/source"
)

// The participles that complete "the file can't be …" in messages.
const (
	opened  = "opened"
	listed  = "listed"
	read    = "read"
	written = "written"
	removed = "removed"
)

// hints maps the codes of non-retryable errors (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) to remedies.
var hints = map[string]string{
	"AccessDenied": "allow the owner of the keys to read, list and write in the bucket; " +
		"without the right to list, S3 reports this error for a missing object too",
	"Forbidden":                    "allow the owner of the keys to read, list and write in the bucket",
	"AllAccessDisabled":            "ask the bucket's owner",
	"InvalidAccessKeyId":           "correct the source's accessKeyId",
	"SignatureDoesNotMatch":        "correct the source's secretAccessKey",
	"ExpiredToken":                 "renew the keys in the worker's environment",
	"InvalidToken":                 "renew the keys in the worker's environment",
	"RequestTimeTooSkewed":         "set the clock of the worker's machine",
	"NoSuchBucket":                 "create the bucket, or correct the source's bucket, region and endpoint",
	"InvalidBucketName":            "correct the source's bucket",
	"PermanentRedirect":            "correct the source's region: the bucket is in another one",
	"AuthorizationHeaderMalformed": "correct the source's region: the bucket is in another one",
	"MovedPermanently":             "correct the source's region: the bucket is in another one",
	"InvalidObjectState":           "restore the object from its archive first",
	"NotImplemented":               "the server does not support this request; write with a mode that replaces the table",
}

// retryable lists the codes of retryable errors, which may have any status.
var retryable = map[string]bool{
	"RequestTimeout": true, "SlowDown": true, "Throttling": true, "ThrottlingException": true, "TooManyRequests": true,
	"RequestLimitExceeded": true, "BandwidthLimitExceeded": true, "OperationAborted": true, "NoSuchUpload": true,
	"InternalError": true, "ServiceUnavailable": true, "IncompleteBody": true, "BadDigest": true,
	"ConditionalRequestConflict": true,
}

// failed explains an error of the SDK to the caller. It omits the SDK's own texts, which may contain keys and addresses.
func (s *store) failed(ctx context.Context, done string, err error) error {
	if err == nil {
		return nil
	}

	if ended := ctx.Err(); ended != nil {
		return ended
	}

	code := apiCode(err)

	switch code {
	case "NoSuchKey", "NotFound":
		if done == opened {
			return &source.Error{
				Code: source.CodeTableNotFound, Message: "there is no such file",
				Hint: fmt.Sprintf("the source is %s", s), Err: err,
			}
		}
	case "PreconditionFailed", "ConditionalRequestConflict":
		if done == removed {
			break
		}

		return &source.Error{
			Code: source.CodeUnavailable, Retryable: true, Err: err,
			Message: "another process changed the file during the write, so the write was discarded",
			Hint:    "run only one step at a time that appends to a file",
		}
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Message: fmt.Sprintf("the file can't be %s: %s", done, cause(err)),
		Hint: hints[code], Err: err,
	}

	if done == listed {
		problem.Message = fmt.Sprintf("%s can't be listed: %s", s, cause(err))
	}

	switch problem.Retryable = problem.Hint == "" && isRetryable(err); {
	case isUntrusted(err):
		problem.Hint = "use an endpoint whose certificate the worker's machine trusts"
	case hasNoKeys(err):
		problem.Hint = "set accessKeyId and secretAccessKey of the source, or keys in the worker's environment"
	}

	return problem
}

// isRetryable reports whether the same request may succeed later: the server did not answer, or it had an internal error.
func isRetryable(err error) bool {
	if isUntrusted(err) {
		return false
	}

	answer, isAnswer := errors.AsType[*awshttp.ResponseError](err)
	if !isAnswer || answer.HTTPStatusCode() == 0 {
		return true
	}

	status := answer.HTTPStatusCode()

	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || retryable[apiCode(err)]
}

// isUntrusted reports whether the worker's machine does not trust the server's certificate.
func isUntrusted(err error) bool {
	_, isUntrusted := errors.AsType[*tls.CertificateVerificationError](err)

	return isUntrusted
}

// hasNoKeys reports whether the SDK found no keys. The SDK has no error type for this.
func hasNoKeys(err error) bool { return strings.Contains(err.Error(), "get credentials") }

// apiCode returns the service's code of an error, or "".
func apiCode(err error) string {
	if api, isAPI := errors.AsType[smithy.APIError](err); isAPI {
		return api.ErrorCode()
	}

	return ""
}

// cause returns the innermost text of an error that has no keys and addresses in it.
func cause(err error) string {
	if api, isAPI := errors.AsType[smithy.APIError](err); isAPI {
		return strings.TrimSuffix(strings.TrimRight(api.ErrorCode()+": "+api.ErrorMessage(), ". "), ":")
	}

	if request, isRequest := errors.AsType[*url.Error](err); isRequest {
		return request.Err.Error()
	}

	if network, isNetwork := errors.AsType[*net.OpError](err); isNetwork {
		return network.Error()
	}

	if hasNoKeys(err) {
		return "no keys were found in the worker's environment"
	}

	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed before the end"
	}

	return err.Error()
}
