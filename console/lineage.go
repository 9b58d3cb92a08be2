package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/lineage"
)

// graph is the drawing of a lineage: datasets and steps in columns, from left to right, with a line for each dataset that a step
// reads or writes. A dataset that is written again after it was read has another node for that.
type graph struct {
	Width, Height int
	Nodes         []*graphNode
	Lines         []graphLine
}

// graphNode is a dataset or a step.
type graphNode struct {
	X, Y          int
	Class         string // step, table, file or url.
	Title, Detail string // Cut, so that they fit.
	Full          string // The whole text, for the tooltip.
	Address       string // The page about it; "" for none.

	column int
	row    int
	reader int // Of a dataset: the column of the last step that reads it.
	from   []*graphNode
}

// graphLine is a line between two nodes.
type graphLine struct{ Path string }

// The sizes of a graph.
const (
	nodeWidth, nodeHeight = 208, 42
	columnGap, rowGap     = 56, 14
	graphMargin           = 4
	maxNodes              = 150
	nodeText              = 27 // Characters of a line.
	stepText              = 23 // Those of the title of a step, which is bold.
)

// NodeWidth and NodeHeight are the size of a node.
func (graph) NodeWidth() int { return nodeWidth }

// NodeHeight is the height of a node.
func (graph) NodeHeight() int { return nodeHeight }

// drawLineage draws a lineage. It returns nil if no step reads or writes, or if there are too many.
func drawLineage(of *lineage.Lineage) *graph {
	if of == nil {
		return nil
	}

	b := graphBuilder{current: map[string]*graphNode{}}
	for _, step := range of.Steps {
		b.add(step, of.Scenario)
	}

	if len(b.nodes) == 0 || len(b.nodes) > maxNodes {
		return nil
	}

	return b.place()
}

// graphBuilder collects nodes in the order of the steps.
type graphBuilder struct {
	nodes   []*graphNode
	current map[string]*graphNode // The present node of each dataset.
}

// add adds a step with its datasets. A step is to the right of what it reads, and what it writes to the right of the step.
func (b *graphBuilder) add(step lineage.Step, entry string) {
	if len(step.Reads)+len(step.Writes) == 0 {
		return // It runs another scenario, whose steps follow.
	}

	drawn := &graphNode{Class: "step", Title: step.Title, Detail: step.OpName, column: 1}
	if step.Scenario != entry {
		drawn.Detail, drawn.Address = step.Scenario+" · "+step.OpName, scenarioAddress(step.Scenario)
	}

	for _, dataset := range step.Reads {
		read := b.current[keyOf(dataset)]
		if read == nil {
			read = b.dataset(dataset, 0)
		}

		drawn.from = append(drawn.from, read)
		drawn.column = max(drawn.column, read.column+1)
	}

	b.nodes = append(b.nodes, drawn)

	for _, dataset := range step.Writes { // What it changes was there before.
		if before := b.current[keyOf(dataset)]; before != nil {
			drawn.column = max(drawn.column, before.column+1)

			if before.reader > 0 { // To the right of what its readers write.
				drawn.column = max(drawn.column, before.reader+2)
			}
		}
	}

	for _, read := range drawn.from {
		read.reader = max(read.reader, drawn.column)
	}

	for _, dataset := range step.Writes {
		written := b.current[keyOf(dataset)]
		if written == nil || written.column <= drawn.column {
			written = b.dataset(dataset, drawn.column+1)
		}

		written.from = append(written.from, drawn)
	}
}

// dataset adds a node for a dataset, which becomes its present one.
func (b *graphBuilder) dataset(of lineage.Dataset, column int) *graphNode {
	name := of.Name
	if of.Space != "" {
		name = of.Space + "." + name
	}

	added := &graphNode{
		Class: cmp.Or(string(of.Type), "table"), Title: cmp.Or(name, "known when it runs"),
		Detail: cmp.Or(of.Source, "a computed source"), column: column,
	}
	if of.Source != "" {
		added.Address = "/sources#source-" + of.Source
	}

	if kind := string(of.Type); kind != "" {
		added.Detail = kind + " · " + added.Detail
	}

	b.nodes = append(b.nodes, added)
	b.current[keyOf(of)] = added

	return added
}

// keyOf identifies a dataset. Those without a name are different if the reasons are.
func keyOf(of lineage.Dataset) string {
	key := fmt.Sprintf("%q %q %q", of.Source, of.Space, of.Name)
	if of.Name == "" {
		key += strings.Join(of.Unknown, " ")
	}

	return key
}

// place computes the places of the nodes and of the lines. In a column, nodes are near the ones that lead to them.
func (b *graphBuilder) place() *graph {
	drawn := &graph{Nodes: b.nodes}

	var columns [][]*graphNode

	for _, node := range b.nodes {
		for len(columns) <= node.column {
			columns = append(columns, nil)
		}

		columns[node.column] = append(columns[node.column], node)
	}

	columns = slices.DeleteFunc(columns, func(column []*graphNode) bool { return len(column) == 0 })

	for x, column := range columns {
		slices.SortStableFunc(column, func(a, b *graphNode) int { return cmp.Compare(a.center(), b.center()) })

		for y, node := range column {
			node.row = y
			node.X = graphMargin + x*(nodeWidth+columnGap)
			node.Y = graphMargin + y*(nodeHeight+rowGap)
			drawn.Width, drawn.Height = max(drawn.Width, node.X+nodeWidth), max(drawn.Height, node.Y+nodeHeight)
		}
	}

	drawn.Width, drawn.Height = drawn.Width+graphMargin, drawn.Height+graphMargin

	for _, node := range b.nodes {
		node.Full = node.Title + " (" + node.Detail + ")"
		node.Detail = cut(node.Detail, nodeText)

		if node.Class == "step" {
			node.Title = cut(node.Title, stepText)
		} else {
			node.Title = cut(node.Title, nodeText)
		}

		for _, from := range node.from {
			x1, y1 := from.X+nodeWidth, from.Y+nodeHeight/2
			x2, y2 := node.X-5, node.Y+nodeHeight/2 // The arrow is as long as that.
			bend := max(columnGap/2, (x2-x1)/2)

			drawn.Lines = append(drawn.Lines, graphLine{
				fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2),
			})
		}
	}

	return drawn
}

// center returns the mean row of the nodes that lead to this one.
func (n *graphNode) center() float64 {
	if len(n.from) == 0 {
		return 0
	}

	sum := 0
	for _, from := range n.from {
		sum += from.row
	}

	return float64(sum) / float64(len(n.from))
}

// cut returns the beginning of a text that has at most that many characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}

	return string(runes[:most-1]) + "…"
}
