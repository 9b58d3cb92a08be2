package result

import (
	"context"
	"errors"
)

// uploadBuffer is how many bytes go to a bucket at once.
const uploadBuffer = 256 << 10

// upload writes a blob in large pieces. The blob is begun with the first of them, so that what turns out to be small
// needs none.
type upload struct {
	ctx         context.Context //nolint:containedctx // Writing takes many calls, and a blob is bound to one context.
	bucket      bucket
	key         string
	contentType string
	blob        blobWriter // nil as long as all that was written is in the buffer.
	buffer      []byte
	written     int64 // How many bytes are gone from the buffer.
}

// size is how many bytes the blob has so far.
func (u *upload) size() int64 { return u.written + int64(len(u.buffer)) }

// flush writes what the buffer holds.
func (u *upload) flush() error {
	if u.blob == nil {
		blob, err := u.bucket.create(u.ctx, u.key, u.contentType)
		if err != nil {
			return err
		}

		u.blob = blob
	}

	_, err := u.blob.Write(u.buffer)
	u.written += int64(len(u.buffer))
	u.buffer = u.buffer[:0]

	return err
}

// flushLarge writes what the buffer holds, if it is enough to be worth it.
func (u *upload) flushLarge() error {
	if len(u.buffer) < uploadBuffer {
		return nil
	}

	return u.flush()
}

// commit makes the blob visible.
func (u *upload) commit() error {
	if err := u.flush(); err != nil {
		return errors.Join(err, u.abort())
	}

	blob := u.blob
	u.blob = nil

	return blob.commit()
}

// abort throws away what was written.
func (u *upload) abort() error {
	blob := u.blob
	u.blob, u.buffer = nil, nil

	if blob == nil {
		return nil
	}

	return blob.abort()
}
