package job

import (
	"fmt"
	"net/url"
	"strings"
)

// maxKeyPart bounds the parts of a key in the result store, in bytes: each is the name of a file or a folder.
const maxKeyPart = 100

// ResultKey returns the key of the result of an attempt in the result store. The attempt is a number or another name that no
// other attempt of the step has, so that an attempt that outlives its worker's lease can't disturb another. The first parts of
// the key are the app and the job whose outcome contains the result in the end: for a child, the outermost job.
func ResultKey(task Task, runID string, attempt, extension string) string {
	path := task.Step
	if strings.Contains(task.JobID, "/") { // Children of one job may have steps of the same paths.
		path = task.JobID + " " + path
	}

	if path = url.PathEscape(path); len(path) > maxKeyPart {
		path = Digest(path)
	}

	return fmt.Sprintf("%s/%s-%s-%s%s", ResultFolder(task.AppID, task.JobID), runID, path, attempt, extension)
}

// ResultFolder returns how the keys of all results of a job begin, before a slash. For a child, it is that of the outermost job.
func ResultFolder(appID, jobID string) string {
	owner, _, _ := strings.Cut(jobID, "/")
	owner = strings.ReplaceAll(url.PathEscape(owner), ".", "%2E") // No folder is called "..".

	if len(owner) > 2*maxKeyPart {
		owner = hashed + Digest(owner)
	}

	return appID + "/" + owner
}

// hashed is the prefix of the digest that replaces a jobId too long for a key.
const hashed = "sha256-"

// OfResult returns the jobId in a key of [ResultKey]; false if the key contains its digest instead.
func OfResult(key string) (jobID string, readable bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || strings.HasPrefix(parts[1], hashed) {
		return "", false
	}

	jobID, err := url.PathUnescape(parts[1])

	return jobID, err == nil
}
