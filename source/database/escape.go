package database

// Escapes are the letters that follow a backslash in place of special characters, by the characters; 0 for all others.
type Escapes [256]byte

// Append appends a value with escapes.
func (e *Escapes) Append(dst, value []byte) []byte {
	from := 0

	for i, c := range value {
		if escaped := e[c]; escaped != 0 {
			dst = append(append(dst, value[from:i]...), '\\', escaped)
			from = i + 1
		}
	}

	return append(dst, value[from:]...)
}
