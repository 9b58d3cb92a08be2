//go:build nocloud

package cloud_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/result"
)

func TestOpenReportsCloudsOmittedByTheBuildTag(t *testing.T) {
	t.Parallel()

	for scheme, location := range map[string]string{"gs": "gs://results?anonymous=true", "azblob": "azblob://results"} {
		_, err := result.Open(t.Context(), location)
		require.EqualError(t, err, `the result store "`+location+`" can't be opened: `+
			`this program was built without support for `+scheme+`:// (it supports folders, s3://)`)
	}
}
