package scenario

import (
	"fmt"
	"math/big"
	"regexp"

	"github.com/jobwright/jobwright/internal/schema"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// MaxRejected is how many records a load may reject: an integer, or a text with a percentage of the records that are read,
// such as "1 %". The zero MaxRejected stands for the default: 1,000 records or 1 %, whichever is more.
type MaxRejected jsonvalue.Value

// The default limit.
const (
	defaultMaxRejected        = 1_000
	defaultMaxRejectedPercent = 1
)

// maxRejectedForm describes the values for messages.
const maxRejectedForm = "a number of records, or a percentage such as 1 %"

// MaxRejectedPattern is the regular expression of percentages from 0 to 100, without anchors.
const MaxRejectedPattern = `(100(\.0+)?|\d{1,2}(\.\d+)?) ?%`

var maxRejectedPercent = regexp.MustCompile(`^` + MaxRejectedPattern + `$`)

// MarshalJSON writes JSON from which [jsonvalue.Decode] restores the same value.
func (m MaxRejected) MarshalJSON() ([]byte, error) { return jsonvalue.Value(m).MarshalJSON() }

// UnmarshalJSON reads a value with [jsonvalue.Decode].
func (m *MaxRejected) UnmarshalJSON(data []byte) error {
	return (*jsonvalue.Value)(m).UnmarshalJSON(data)
}

// SchemaForm implements [schema.Typed].
func (MaxRejected) SchemaForm() schema.Form { return FormMaxRejected }

// Limit returns the limit, or an error if the value is neither a number of records nor a percentage.
func (m MaxRejected) Limit() (RejectLimit, error) {
	switch v := m.Any.(type) {
	case nil:
		return RejectLimit{
			text:    fmt.Sprintf("%d records or %d %%, whichever is more", defaultMaxRejected, defaultMaxRejectedPercent),
			records: defaultMaxRejected, share: big.NewRat(defaultMaxRejectedPercent, 100),
		}, nil
	case int64:
		if v >= 0 {
			return RejectLimit{text: fmt.Sprint(v), records: v}, nil
		}
	case string:
		if match := maxRejectedPercent.FindStringSubmatch(v); match != nil {
			share, _ := new(big.Rat).SetString(match[1])

			return RejectLimit{text: match[1] + " %", share: share.Quo(share, big.NewRat(100, 1))}, nil
		}
	}

	return RejectLimit{}, fmt.Errorf("maxRejected must be %s, but is %s", maxRejectedForm, jsonvalue.Describe(m.Any))
}

// RejectLimit bounds the records that a load rejects: a number of records, a share of the records that are read, or the
// greater of both.
type RejectLimit struct {
	text    string // The limit for people.
	records int64
	share   *big.Rat // nil if the limit is a number of records alone.
}

// String returns the limit for messages, for example "1 %".
func (l RejectLimit) String() string { return l.text }

// ExceededBy reports whether the load must fail whatever it is still going to read. A limit with a share of the records that
// are read is never exceeded before the end.
func (l RejectLimit) ExceededBy(rejected int64) bool { return l.share == nil && rejected > l.records }

// ExceededAtEnd reports whether the load must fail after it has read all records, rejected ones among them: it has rejected
// more than the limit, or all records.
func (l RejectLimit) ExceededAtEnd(rejected, read int64) bool {
	if rejected == 0 {
		return false
	}

	overShare := l.share == nil || new(big.Rat).SetInt64(rejected).Cmp(new(big.Rat).Mul(l.share, new(big.Rat).SetInt64(read))) > 0

	return rejected == read || rejected > l.records && overShare
}
