package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Fingerprint identifies a request, so that the API server can distinguish a repeated request from a different one with
// the same jobId: the SHA-256, in hex, of the app and the operation. The fields that only affect the answer (isAsync,
// waitSeconds, noResultSchema) and the order of fields don't count.
func Fingerprint(appID string, operation jsonvalue.Object) (string, error) {
	canonical, err := json.Marshal(requestOf(appID, operation))
	if err != nil {
		return "", err
	}

	return Digest(string(canonical)), nil
}

// requestOf returns the fields of a request that count for its fingerprint.
func requestOf(appID string, operation jsonvalue.Object) map[string]any {
	return map[string]any{fieldAppID: appID, "operation": operation}
}

// Digest returns the SHA-256 of a text, in hex.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))

	return hex.EncodeToString(sum[:])
}

const fieldAppID = "appId"

// Bounds of [FieldDigests], which are part of a job's memo. An object beyond them counts as a single field.
const (
	maxFieldDepth  = 4  // operation.opParams.parameters.country
	maxFields      = 50 // Fields of one object.
	maxFieldName   = 64 // Bytes.
	fieldDigestLen = 8  // Hex digits.
)

// FieldDigests returns a short digest of each field that counts for the [Fingerprint] of a request, by the field's path:
// appId, operation.opName, operation.opParams.parameters.country. A job's memo stores them under [MemoFieldDigests], so
// that the API server can name the fields in which a later request differs ([DifferingFields]) without the earlier request
// and without its values.
func FieldDigests(appID string, operation jsonvalue.Object) (map[string]string, error) {
	digests := map[string]string{}

	return digests, addFieldDigests(digests, "", 0, requestOf(appID, operation))
}

func addFieldDigests(digests map[string]string, path string, depth int, value any) error {
	if params, ok := value.(jsonvalue.Object); ok {
		value = map[string]any(params)
	}

	if object, ok := value.(map[string]any); ok && isSplit(object, depth) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			at := name
			if path != "" {
				at = path + "." + name
			}

			if err := addFieldDigests(digests, at, depth+1, object[name]); err != nil {
				return err
			}
		}

		return nil
	}

	encoded, err := json.Marshal(jsonvalue.Value{Any: value})
	if err != nil {
		return err
	}

	digests[path] = Digest(string(encoded))[:fieldDigestLen]

	return nil
}

// isSplit reports whether the fields of an object have digests of their own. An empty object has one itself, which
// distinguishes it from a missing one.
func isSplit(object map[string]any, depth int) bool {
	if len(object) == 0 || len(object) > maxFields || depth == maxFieldDepth {
		return false
	}

	for name := range object { //workflowcheck:ignore // The order does not matter.
		if len(name) > maxFieldName {
			return false
		}
	}

	return true
}

// DifferingFields returns the paths, in order, of the fields in which two requests differ, given their [FieldDigests]. Of
// requests for different apps, it returns appId alone, so that the answer to a caller of one app describes no request of
// another. The result is empty if the digests are equal or if a job has none.
func DifferingFields(earlier, later map[string]string) []string {
	if len(earlier) == 0 || len(later) == 0 {
		return nil
	}

	if earlier[fieldAppID] != later[fieldAppID] {
		return []string{fieldAppID}
	}

	paths := slices.Concat(slices.Sorted(maps.Keys(earlier)), slices.Sorted(maps.Keys(later)))
	slices.Sort(paths)

	var differing []string

	for _, path := range slices.Compact(paths) {
		before, known := earlier[path]
		after, given := later[path]

		// An object whose fields only one of the requests splits differs as a whole.
		within := slices.ContainsFunc(differing, func(outer string) bool { return strings.HasPrefix(path, outer+".") })
		if (before != after || known != given) && !within {
			differing = append(differing, path)
		}
	}

	return differing
}
