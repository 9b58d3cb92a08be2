package expression

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// The names of the functions that count costs. No expression can contain them.
const (
	nameCost       = " cost"
	nameResultCost = " resultCost"
	nameTextCost   = " textCost"
	nameMatches    = " matches"
)

// costMeter adds up the cost of one evaluation of a program, in bytes of text and values that its functions and operators read
// or create, and ends the evaluation at [MaxCost]. The memory limit of expr does not cover this: it counts the entries of lists,
// but neither the length of texts nor how often a value is read.
type costMeter struct {
	total    int
	patterns map[string]pattern
}

// pattern is a compiled regular expression, and the cost of matching one byte of text.
type pattern struct {
	code *regexp.Regexp
	cost int
}

// options compile a program so that it counts its cost with m.
func (m *costMeter) options() []expr.Option {
	return []expr.Option{
		expr.Function(nameCost, m.addValue, new(func(any) any)),
		expr.Function(nameResultCost, m.addResult, new(func(any) any)),
		expr.Function(nameTextCost, m.addText, new(func(any) any)),
		expr.Function(nameMatches, m.matches, new(func(any, any) bool)),
		expr.DisableBuiltin("trim"), expr.Function("trim", m.trim, new(func(string) string), new(func(string, string) string)),
		expr.Patch(m),
	}
}

// add adds bytes to the cost.
func (m *costMeter) add(bytes int) error {
	m.total += bytes
	if m.total > MaxCost {
		return fmt.Errorf("it goes through more than %d bytes of text and values", MaxCost)
	}

	return nil
}

// addValue adds the cost of reading a value, and returns the value.
func (m *costMeter) addValue(arguments ...any) (any, error) {
	return arguments[0], m.add(jsonvalue.SizeOf(arguments[0]))
}

// addResult adds the cost of creating a value, and returns the value. Creating a list takes longer than reading it.
func (m *costMeter) addResult(arguments ...any) (any, error) {
	const creating = 4

	if text, isText := arguments[0].(string); isText {
		return text, m.add(len(text))
	}

	return arguments[0], m.add(creating * jsonvalue.SizeOf(arguments[0]))
}

// addText adds the cost of reading a text, and returns the text. The length of a list is known without reading it.
func (m *costMeter) addText(arguments ...any) (any, error) {
	text, _ := arguments[0].(string)

	return arguments[0], m.add(len(text))
}

// matches is the operator of that name. Matching takes time proportional to the product of the lengths of text and pattern.
func (m *costMeter) matches(arguments ...any) (any, error) {
	if runtime.IsNil(arguments[0]) || runtime.IsNil(arguments[1]) {
		return false, nil
	}

	texts, err := asTexts(arguments)
	if err != nil {
		return nil, err
	}

	found, err := m.pattern(texts[1])
	if err != nil {
		return nil, err
	}

	if err := m.add(len(texts[0]) * found.cost); err != nil {
		return nil, err
	}

	return found.code.MatchString(texts[0]), nil
}

// pattern compiles a pattern, and caches it for the next round of a loop.
func (m *costMeter) pattern(text string) (pattern, error) {
	if known, ok := m.patterns[text]; ok {
		return known, nil
	}

	if len(text) > MaxPattern {
		return pattern{}, longPattern(text)
	}

	code, err := regexp.Compile(text)
	if err != nil {
		return pattern{}, err
	}

	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}

	instructions, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return pattern{}, err
	}

	// A byte is rarely matched against all instructions. Compiling an instruction takes longer than matching a byte with it.
	const atOnce, compiling = 4, 100

	found := pattern{code: code, cost: 1 + len(instructions.Inst)/atOnce}
	if err := m.add(compiling * found.cost); err != nil {
		return pattern{}, err
	}

	const cached = 10
	if m.patterns == nil || len(m.patterns) >= cached {
		m.patterns = map[string]pattern{}
	}

	m.patterns[text] = found

	return found, nil
}

func longPattern(text string) error {
	return fmt.Errorf("a pattern has at most %d bytes, this has %d", MaxPattern, len(text))
}

// trim is the function of that name. Each character at the ends of the text is searched for in the characters to remove.
func (m *costMeter) trim(arguments ...any) (any, error) {
	texts, err := asTexts(arguments)

	switch {
	case err != nil:
		return nil, err
	case len(texts) == 1:
		return strings.TrimSpace(texts[0]), nil
	case len(texts) > 2: //nolint:mnd // A text, and the characters.
		return nil, errors.New("the arguments must be a text and the characters to remove")
	}

	if err := m.add(len(texts[0]) * len(texts[1])); err != nil {
		return nil, err
	}

	return strings.Trim(texts[0], texts[1]), nil
}
