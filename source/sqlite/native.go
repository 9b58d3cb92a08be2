package sqlite

import (
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
)

// This file contains every unsafe operation of the package. SQLite, translated to Go, allocates its memory outside of Go's
// heap and passes addresses as uintptr. Go's garbage collector neither moves nor frees that memory, and the race detector
// does not see it.

// pointerSize is the size in bytes of a pointer in SQLite's memory.
const pointerSize = unsafe.Sizeof(uintptr(0))

// pointerAt returns the pointer that SQLite stored at address.
//
// The address must be that of at least pointerSize bytes that are allocated in SQLite's memory.
func pointerAt(address uintptr) uintptr {
	return **(**uintptr)(unsafe.Pointer(&address)) //nolint:gosec // See above.
}

// int32At returns the number that SQLite stored at address.
//
// The address must be that of at least four bytes that are allocated in SQLite's memory.
func int32At(address uintptr) int32 {
	return **(**int32)(unsafe.Pointer(&address)) //nolint:gosec // See above.
}

// bytesAt returns length bytes of SQLite's memory, without copying them. It returns no bytes for address 0, which SQLite
// returns for an empty BLOB.
//
// Address and length must be those that SQLite returned for a value or an allocation. The caller must not use the bytes
// after SQLite invalidates them: a column's value is valid until its statement's next step, reset or close, or until
// the value is converted to another type; an allocation is valid until it is freed.
func bytesAt(address uintptr, length int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), length) //nolint:gosec // See above.
}

// functionPointer returns the C function pointer of a Go function, as SQLite accepts it for a callback. A Go function value
// is a pointer to a closure; SQLite converts this pointer back into a function value of the callback's type and calls it.
//
// F must be the exact Go translation of the callback's C type. The function value must stay reachable, in a variable that
// outlives the registration: SQLite's copy of the pointer does not keep the closure alive.
func functionPointer[F any](function *F) uintptr {
	return *(*uintptr)(unsafe.Pointer(function)) //nolint:gosec // See above.
}

// functionAt returns the function whose C function pointer is address: the reverse of functionPointer.
//
// F must be the exact Go translation of the function's C type.
func functionAt[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ uintptr }{address})) //nolint:gosec // See above.
}

// sizeOfMethods is the size in bytes of the methods of an allocator in SQLite's memory.
const sizeOfMethods = unsafe.Sizeof(sqlite3.Tsqlite3_mem_methods{})

// methodsAt returns the methods of an allocator in SQLite's memory.
//
// The address must be that of sizeOfMethods bytes that are allocated in SQLite's memory.
func methodsAt(address uintptr) *sqlite3.Tsqlite3_mem_methods {
	return *(**sqlite3.Tsqlite3_mem_methods)(unsafe.Pointer(&address)) //nolint:gosec // See above.
}

// viewText returns the bytes as a string, without copying them.
//
// The string is valid as long as the bytes are valid and unchanged. A caller that stores or returns it must clone it.
func viewText(bytes []byte) string {
	return unsafe.String(unsafe.SliceData(bytes), len(bytes)) //nolint:gosec // See above.
}
