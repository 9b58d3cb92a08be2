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

// What can't be done with an object, as a message says it.
const (
	opened  = "opened"
	listed  = "listed"
	read    = "read"
	written = "written"
	removed = "removed"
)

// hints are what to do about the errors of the service that the same request would get again
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var hints = map[string]string{
	"AccessDenied": "let whoever owns the keys read, list and write in the bucket; " +
		"without the right to list, S3 says the same of an object that is not there",
	"Forbidden":                    "let whoever owns the keys read, list and write in the bucket",
	"AllAccessDisabled":            "ask the bucket's owner",
	"InvalidAccessKeyId":           "correct the source's accessKeyId",
	"SignatureDoesNotMatch":        "correct the source's secretAccessKey",
	"ExpiredToken":                 "renew the keys in the worker's surroundings",
	"InvalidToken":                 "renew the keys in the worker's surroundings",
	"RequestTimeTooSkewed":         "set the clock of the worker's machine",
	"NoSuchBucket":                 "create the bucket, or correct the source's bucket, region and endpoint",
	"InvalidBucketName":            "correct the source's bucket",
	"PermanentRedirect":            "correct the source's region: the bucket is in another one",
	"AuthorizationHeaderMalformed": "correct the source's region: the bucket is in another one",
	"MovedPermanently":             "correct the source's region: the bucket is in another one",
	"InvalidObjectState":           "restore the object from its archive first",
	"NotImplemented":               "the server does not know this request; write to it with a mode that replaces the table",
}

// retryable are the codes of errors that the same request may not get later, whatever the status that they come with.
var retryable = map[string]bool{
	"RequestTimeout": true, "SlowDown": true, "Throttling": true, "ThrottlingException": true, "TooManyRequests": true,
	"RequestLimitExceeded": true, "BandwidthLimitExceeded": true, "OperationAborted": true, "NoSuchUpload": true,
	"InternalError": true, "ServiceUnavailable": true, "IncompleteBody": true, "BadDigest": true,
	"ConditionalRequestConflict": true,
}

// failed says what an error of the SDK means. It tells neither keys nor addresses: the SDK's own texts may hold both.
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
			Message: "somebody else changed the file while it was written anew, so that it stays as it is",
			Hint:    "let only one step at a time add to a file",
		}
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Message: fmt.Sprintf("the file can't be %s: %s", done, cause(err)),
		Hint: hints[code], Err: err,
	}

	if done == listed {
		problem.Message = fmt.Sprintf("%s can't be listed: %s", s, cause(err))
	}

	switch problem.Retryable = problem.Hint == "" && isCurable(err); {
	case isUntrusted(err):
		problem.Hint = "give an endpoint for which the server has a certificate that the worker's machine trusts"
	case hasNoKeys(err):
		problem.Hint = "give the source an accessKeyId and a secretAccessKey, or the worker keys of its own"
	}

	return problem
}

// isCurable tells whether the same request may go better later: nobody answered, or the server had trouble of its own.
func isCurable(err error) bool {
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

// isUntrusted tells whether the server is none that the worker's machine trusts.
func isUntrusted(err error) bool {
	_, isUntrusted := errors.AsType[*tls.CertificateVerificationError](err)

	return isUntrusted
}

// hasNoKeys tells whether the SDK found no keys, for which its error has no type.
func hasNoKeys(err error) bool { return strings.Contains(err.Error(), "get credentials") }

// apiCode is the code that the service gave an error, or nothing.
func apiCode(err error) string {
	if api, isAPI := errors.AsType[smithy.APIError](err); isAPI {
		return api.ErrorCode()
	}

	return ""
}

// cause is what went wrong, in the words of who found it.
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
		return "no keys were found in the worker's surroundings"
	}

	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection broke off"
	}

	return err.Error()
}
