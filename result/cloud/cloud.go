// Package cloud lets a result store be a bucket of a cloud. A program that imports it opens, with
// [github.com/jobwright/jobwright/result.Open],
//
//   - s3://bucket?region=eu-central-1, Amazon's S3 and what speaks its protocol, by endpoint and use_path_style;
//   - gs://bucket, Google's Cloud Storage;
//   - azblob://container, Azure Blob Storage, with the account in AZURE_STORAGE_ACCOUNT.
//
// What else may stand in such a URL, and where the credentials come from, tells https://gocloud.dev/howto/blob. With
// prefix=results/ in it, a store keeps to one part of a bucket. The libraries of the clouds are large, and so a room that
// only reads or writes results does without this package.
package cloud

import (
	_ "gocloud.dev/blob/azureblob" // Registers azblob:// URLs.
	_ "gocloud.dev/blob/gcsblob"   // Registers gs:// URLs.
	_ "gocloud.dev/blob/s3blob"    // Registers s3:// URLs.
)
