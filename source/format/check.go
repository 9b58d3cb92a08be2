package format

import (
	"fmt"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/format/internal/content"
)

// purpose is what a format is used for.
type purpose string

const (
	reads  purpose = "reading"
	writes purpose = "writing"
)

// check refuses fields that have no effect on files of the codec's type, and a notation with mistakes.
func (c codec) check(f source.Format, use purpose) error {
	if wrong := f.WithoutEffect(c.Name); len(wrong) > 0 {
		return content.Unsupported(fmt.Sprintf("the format's field %s has no effect on a file of type %s", wrong[0], c.Name),
			"remove the field, or give the format another type")
	}

	if readOnly := f.OnlyRead(c.Name); use == writes && len(readOnly) > 0 {
		return content.Unsupported(
			fmt.Sprintf("the format's field %s applies to reading a file of type %s, not to writing it", readOnly[0], c.Name),
			"remove the field from the format of the target")
	}

	if mistakes := f.NotationMistakes(); len(mistakes) > 0 {
		return content.Unsupported(
			fmt.Sprintf("the format's %s: %s", mistakes[0].Field, mistakes[0].Message), "correct the format")
	}

	return nil
}
