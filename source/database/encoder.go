package database

import "fmt"

// Encoder appends a value, which is not NULL, in the form in which a driver sends it to the server.
type Encoder func(dst []byte, value any) ([]byte, error)

// Encode returns the encoder of values of the Go type T.
func Encode[T any](appendTo func(dst []byte, value T) ([]byte, error)) Encoder {
	return func(dst []byte, value any) ([]byte, error) {
		typed, ok := value.(T)
		if !ok {
			return nil, WrongType(value)
		}

		return appendTo(dst, typed)
	}
}

// WrongType returns the error for a value whose Go type is not that of the column's standard type.
func WrongType(value any) error { return fmt.Errorf("a %T is not a value of the column's type", value) }
