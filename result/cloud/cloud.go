// Package cloud makes result stores in buckets of clouds available. A program that imports it can open, with
// [github.com/jobwright/jobwright/result.Open],
//
//   - s3://bucket?region=eu-central-1, Amazon S3 and services with the same protocol, by endpoint and use_path_style;
//   - gs://bucket, Google Cloud Storage;
//   - azblob://container, Azure Blob Storage, with the account in AZURE_STORAGE_ACCOUNT.
//
// https://gocloud.dev/howto/blob documents the other parameters of such URLs, and the sources of credentials. With
// prefix=results/, a store uses a part of a bucket.
//
// The libraries of the clouds are large, so a package that reads or writes results does not import this package; only a
// program does. The build tag nocloud omits Google Cloud Storage and Azure Blob Storage, which need most of the modules.
package cloud

import _ "gocloud.dev/blob/s3blob" // Registers s3:// URLs.
