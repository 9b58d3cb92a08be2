package expression

import "fmt"

// Limits of one expression, so that no expression blocks a workflow task or exhausts a server's memory.
const (
	MaxSource   = 4_096    // Bytes of its source: the parser's stack grows with it.
	MaxNodes    = 200      // Nodes of its syntax tree.
	MaxValues   = 10_000   // Values in its result, at any depth, and values that it allocates, as counted by expr.
	MaxResult   = 1 << 20  // Bytes of text in its result.
	MaxLoopText = 4 << 10  // Bytes of the longest text that it reads, if it loops over a list: each round may read it.
	MaxText     = 64 << 10 // Bytes of a text that a function returns: some functions multiply their arguments.
	MaxCost     = 16 << 20 // Bytes that functions and operators create or read.
	MaxPattern  = 1_000    // Bytes of a regular expression: its compiled form may be a thousand times as long.
)

// size counts the values and the text of a result, and returns an error if it is too large.
type size struct{ values, bytes int }

func (s *size) add(text string) error {
	s.values++
	s.bytes += len(text)

	if s.values > MaxValues {
		return fmt.Errorf("the result has more than %d values", MaxValues)
	}

	if s.bytes > MaxResult {
		return fmt.Errorf("the result has more than %d bytes of text", MaxResult)
	}

	return nil
}

// longestText returns the length in bytes of the longest text in a value, at any depth.
func longestText(value any) int {
	longest := 0

	switch v := value.(type) {
	case string:
		return len(v)
	case []any:
		for _, entry := range v {
			longest = max(longest, longestText(entry))
		}
	case map[string]any:
		for _, entry := range v { //workflowcheck:ignore // The longest is the same in every order.
			longest = max(longest, longestText(entry))
		}
	}

	return longest
}
