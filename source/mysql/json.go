package mysql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/jobwright/jobwright/source"
)

// checkNumbers returns an error for a number in JSON that MySQL would change: it stores numbers as BIGINT, BIGINT UNSIGNED or
// DOUBLE.
func checkNumbers(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()

	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return nil
		}

		if err != nil {
			return err
		}

		if number, isNumber := token.(json.Number); isNumber && !isExact(number.String()) {
			return fmt.Errorf("the number %s has more digits than MySQL stores in JSON", number)
		}
	}
}

// isExact reports whether MySQL's JSON stores the number exactly.
func isExact(number string) bool {
	if _, err := strconv.ParseInt(number, 10, 64); err == nil {
		return true
	}

	if _, err := strconv.ParseUint(number, 10, 64); err == nil {
		return true
	}

	exact, err := source.ParseNumber(number)
	if err != nil {
		return false
	}

	float, err := strconv.ParseFloat(string(exact), 64)

	return err == nil && exact.IsShortestOf(float)
}
