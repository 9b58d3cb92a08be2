package xml

import (
	"encoding/xml"
	"fmt"
)

// name gives columns their names, as short as they can be told apart by. The prefixes are those of namespaces.
func name(columns []column, prefixes map[string]string) *fault {
	same := map[key]int{} // How many columns of a part have one name but for its namespace.
	for i := range columns {
		same[columns[i].withoutSpace()]++
	}

	taken := map[string]part{}

	// Children come first: they are most of the columns, and the others have marks for what is taken.
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
					fmt.Sprintf("two columns would be named %q: the %s, and one of another namespace", c.title, c.key),
					"give one of the namespaces a prefix of its own",
				}
			}

			taken[c.title] = part
		}
	}

	return nil
}

func (k key) withoutSpace() key { return key{k.part, xml.Name{Local: k.name.Local}} }

// mark stands before the name of an attribute and of a text where an element has it already, and always in json.
func (p part) mark() string {
	switch p {
	case attribute:
		return "@"
	case ownText:
		return "#"
	case child: // It has its name alone.
	}

	return ""
}

// textName is the name of a record's own text.
const textName = "text"
