package xlsx

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source"
)

// area is a part of a sheet; its numbers begin with 1, and a 0 has no bound.
type area struct{ left, top, right, bottom int }

var rangeForm = regexp.MustCompile(`^\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})?$`)

// parseRange reads a range such as B3:F100 or B3:F.
func parseRange(text string) (area, error) {
	if text == "" {
		return area{left: 1, top: 1}, nil
	}

	parts := rangeForm.FindStringSubmatch(text)
	if parts == nil {
		return area{}, &source.Error{
			Code: source.CodeRecordInvalid, Message: fmt.Sprintf("%q is no range", text),
			Hint: "give one such as B3:F100, or B3:F for all rows from the third on",
		}
	}

	top, _ := strconv.Atoi(parts[2]) // The form has digits alone.
	bottom, _ := strconv.Atoi("0" + parts[4])

	found := area{columnNumber(parts[1]), top, columnNumber(parts[3]), bottom}
	if found.right < found.left || (bottom > 0 && bottom < top) || top == 0 {
		return area{}, &source.Error{
			Code: source.CodeRecordInvalid, Message: fmt.Sprintf("the range %q has no cells", text),
			Hint: "name the upper left cell first, and the lower right one behind the colon",
		}
	}

	return found, nil
}

// columnNumber is the number of the column with those letters, from 1.
func columnNumber(letters string) int {
	number := 0
	for _, letter := range strings.ToUpper(letters) {
		number = 26*number + int(letter-'A') + 1
	}

	return number
}

// columnLetters are the letters of the column with that number.
func columnLetters(number int) string {
	letters := ""
	for ; number > 0; number = (number - 1) / 26 {
		letters = string(rune('A'+(number-1)%26)) + letters
	}

	return letters
}
