package xlsx

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jobwright/jobwright/source/format/internal/content"
)

// area is a part of a sheet. Its numbers begin with 1; 0 means no limit.
type area struct{ left, top, right, bottom int }

var rangeForm = regexp.MustCompile(`^\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})?$`)

// parseRange parses a range such as B3:F100 or B3:F.
func parseRange(text string) (area, error) {
	if text == "" {
		return area{left: 1, top: 1}, nil
	}

	parts := rangeForm.FindStringSubmatch(text)
	if parts == nil {
		return area{}, content.Invalid(fmt.Sprintf("%q is not a range", text),
			"use a range such as B3:F100, or B3:F for all rows from the third on")
	}

	top, _ := strconv.Atoi(parts[2]) // The expression matches digits only.
	bottom, _ := strconv.Atoi("0" + parts[4])

	found := area{columnNumber(parts[1]), top, columnNumber(parts[3]), bottom}
	if found.right < found.left || (bottom > 0 && bottom < top) || top == 0 {
		return area{}, content.Invalid(fmt.Sprintf("the range %q has no cells", text),
			"put the upper left cell before the colon, and the lower right cell after it")
	}

	return found, nil
}

// columnNumber returns the number of the column with the given letters, from 1.
func columnNumber(letters string) int {
	number := 0
	for _, letter := range strings.ToUpper(letters) {
		number = 26*number + int(letter-'A') + 1
	}

	return number
}

// columnLetters returns the letters of the column with the given number.
func columnLetters(number int) string {
	letters := ""
	for ; number > 0; number = (number - 1) / 26 {
		letters = string(rune('A'+(number-1)%26)) + letters
	}

	return letters
}
