package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jobwright/jobwright/lineage"
)

// Lineage returns the lines that show what the steps of a scenario read and write.
func Lineage(of *lineage.Lineage) []string {
	var lines []string

	for _, step := range of.Steps {
		line := stepName(of, step) + " (" + step.OpName + ")"
		if step.Runs != "" {
			line += ", runs " + step.Runs
		}

		lines = append(lines, line)

		for _, dataset := range step.Reads {
			lines = append(lines, "    reads  "+datasetName(dataset)+notKnown(dataset))
		}

		for _, dataset := range step.Writes {
			lines = append(lines, "    writes "+datasetName(dataset)+modes(dataset)+notKnown(dataset))
		}

		for _, reason := range step.Unknown {
			lines = append(lines, "    unknown: "+oneLine(reason))
		}
	}

	if len(lines) == 0 {
		return []string{"The scenario reads and writes nothing."}
	}

	return lines
}

// stepName returns the path and the title of a step, after the name of its scenario if it is another one.
func stepName(of *lineage.Lineage, step lineage.Step) string {
	name := strings.TrimSpace(step.Path + " " + oneLine(step.Title))
	if step.Scenario != of.Scenario {
		name = step.Scenario + ": " + name
	}

	return name
}

// datasetName returns the source of a dataset, and its place there.
func datasetName(of lineage.Dataset) string {
	source, name := of.Source, of.Name
	if source == "" {
		source = "?"
	}

	if name == "" {
		name = "?"
	}

	if of.Space != "" {
		separator := "."
		if of.Type != lineage.Table {
			separator = "/"
		}

		name = of.Space + separator + name
	}

	return source + ": " + name
}

func modes(of lineage.Dataset) string {
	if len(of.Modes) == 0 {
		return ""
	}

	return " (" + strings.Join(of.Modes, ", ") + ")"
}

func notKnown(of lineage.Dataset) string {
	if len(of.Unknown) == 0 {
		return ""
	}

	return " - unknown: " + oneLine(strings.Join(of.Unknown, "; "))
}

// Mermaid returns a flow chart in the language of Mermaid: datasets and steps, with an arrow from what a step reads and to what
// it writes.
func Mermaid(of *lineage.Lineage) string {
	var (
		nodes, arrows strings.Builder
		datasets      []string // The names; their nodes are numbered in this order.
	)

	node := func(dataset lineage.Dataset) string {
		name := datasetName(dataset)

		at := slices.Index(datasets, name)
		if at < 0 {
			at = len(datasets)
			datasets = append(datasets, name)

			left, right := shape(dataset.Type)
			fmt.Fprintf(&nodes, "  d%d%s\"%s\"%s\n", at+1, left, mermaidText(name), right)
		}

		return fmt.Sprintf("d%d", at+1)
	}

	for i, step := range of.Steps {
		title := stepName(of, step)
		if step.Runs != "" {
			title += " (runs " + step.Runs + ")"
		}

		fmt.Fprintf(&nodes, "  s%d[\"%s\"]\n", i+1, mermaidText(title))

		for _, dataset := range step.Reads {
			fmt.Fprintf(&arrows, "  %s --> s%d\n", node(dataset), i+1)
		}

		for _, dataset := range step.Writes {
			fmt.Fprintf(&arrows, "  s%d --> %s\n", i+1, node(dataset))
		}
	}

	return "flowchart LR\n" + nodes.String() + arrows.String()
}

// shape returns the brackets of a node: a cylinder for a table, a slanted box for a file, a rounded one for a URL.
func shape(of lineage.Type) (left, right string) {
	switch of {
	case lineage.Table:
		return "[(", ")]"
	case lineage.File:
		return "[/", "/]"
	case lineage.URL:
		return "([", "])"
	default:
		return "[", "]"
	}
}

// mermaidText returns a text between quotes. Mermaid has entities for characters, without an ampersand.
func mermaidText(of string) string {
	entities := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;")

	return entities.Replace(oneLine(of))
}
