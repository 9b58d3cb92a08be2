//go:build !nocloud

package cloud

import (
	_ "gocloud.dev/blob/azureblob" // Registers azblob:// URLs.
	_ "gocloud.dev/blob/gcsblob"   // Registers gs:// URLs.
)
