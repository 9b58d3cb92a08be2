package files

import (
	"sync"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format"
)

// measure is how far the files of a table were read. It is safe for concurrent use. The zero value is ready for use.
type measure struct {
	mutex   sync.Mutex
	ended   int64 // The number of files that were read to their end.
	bytes   int64 // Their size.
	unsized bool  // Whether the size of a file is unknown.
	current source.Rows
}

// begin begins a file with its rows.
func (m *measure) begin(file format.File, rows source.Rows) {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	_, isSized := file.(format.Sizer)
	m.unsized = m.unsized || !isSized || source.ExtentOf(rows).TotalBytes != format.SizeOf(file)
	m.current = rows
}

// finish ends the current file.
func (m *measure) finish() {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	m.ended++
	m.bytes += source.ExtentOf(m.current).TotalBytes
	m.current = nil
}

// extent returns the extent of a number of files. The sizes of files that were not opened yet are estimated as the average of the
// others, because asking for them costs a request for each file.
func (m *measure) extent(files int) source.Extent {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	if m.unsized {
		return source.Extent{}
	}

	opened, total, current := m.ended, m.bytes, source.Extent{}

	if m.current != nil {
		current = source.ExtentOf(m.current)
		opened++
		total += current.TotalBytes
	}

	if opened == 0 {
		return source.Extent{}
	}

	return source.Extent{
		Bytes:      m.bytes + current.Bytes,
		TotalBytes: total * int64(files) / opened,
		Estimated:  opened < int64(files),
	}
}
