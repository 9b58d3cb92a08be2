package xml

import (
	"encoding/xml"
	"fmt"
)

// name sets the names of columns, as short as they are unique. The prefixes are those of namespaces.
func name(columns []column, prefixes map[string]string) *fault {
	same := map[key]int{} // The number of columns of a part with the same local name.
	for i := range columns {
		same[columns[i].withoutSpace()]++
	}

	taken := map[string]part{}

	// Children come first: most columns are children, and the others can have marks.
	for _, part := range []part{child, attribute, ownText} {
		for i := range columns {
			c := &columns[i]
			if c.part != part {
				continue
			}

			c.title = c.name.Local
			if prefix := prefixes[c.name.Space]; prefix != "" && same[c.withoutSpace()] > 1 {
				c.title = prefix + ":" + c.title
			}

			if by, found := taken[c.title]; found && by != part {
				c.title = part.mark() + c.title
			}

			if _, found := taken[c.title]; found {
				return &fault{
					fmt.Sprintf("two columns are named %q: the %s, and another of a different namespace", c.title, c.key),
					"give one of the namespaces a unique prefix",
				}
			}

			taken[c.title] = part
		}
	}

	return nil
}

func (k key) withoutSpace() key { return key{k.part, xml.Name{Local: k.name.Local}} }

// mark is the prefix of the name of an attribute or of text, in json and if an element has the same name.
func (p part) mark() string {
	switch p {
	case attribute:
		return "@"
	case ownText:
		return "#"
	case child: // It has no mark.
	}

	return ""
}

// textName is the name of the column for the text of a record.
const textName = "text"
