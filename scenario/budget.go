package scenario

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm/runtime"
)

// Bounds of the text and the values that one evaluation goes through. expr's own budget counts the entries of the lists
// that an expression makes, but not how long a text is, nor how often one is looked through.
const (
	maxEffort  = 16 << 20 // Bytes: those that functions and operators make, and those that they look through.
	maxPattern = 1_000    // Bytes of a pattern: what it is compiled to may be a thousand times as long.
)

// The names under which a program calls its budget. No expression can write them.
const (
	nameCharge  = " charge"
	nameMade    = " made"
	nameLength  = " length"
	nameMatches = " matches"
)

// budget counts what one evaluation of a program goes through, and ends it when that is too much.
type budget struct {
	effort   int
	patterns map[string]pattern
}

// pattern is a compiled pattern, and how much looking for it takes for each byte of a text.
type pattern struct {
	code  *regexp.Regexp
	steps int
}

// options let a program charge the budget.
func (b *budget) options() []expr.Option {
	return []expr.Option{
		expr.Function(nameCharge, b.chargeValue, new(func(any) any)),
		expr.Function(nameMade, b.chargeMade, new(func(any) any)),
		expr.Function(nameLength, b.chargeText, new(func(any) any)),
		expr.Function(nameMatches, b.matches, new(func(any, any) bool)),
		expr.DisableBuiltin("trim"), expr.Function("trim", b.trim, new(func(string) string), new(func(string, string) string)),
		expr.Patch(b),
	}
}

// charge takes some bytes from the budget.
func (b *budget) charge(bytes int) error {
	b.effort += bytes
	if b.effort > maxEffort {
		return fmt.Errorf("it goes through more than %d bytes of text and values", maxEffort)
	}

	return nil
}

// chargeValue charges for all that a value holds, and returns it.
func (b *budget) chargeValue(arguments ...any) (any, error) {
	return arguments[0], b.charge(SizeOf(arguments[0]))
}

// chargeMade charges for a value that was made, and returns it. To make a list takes longer than to look through it.
func (b *budget) chargeMade(arguments ...any) (any, error) {
	const making = 4

	if text, isText := arguments[0].(string); isText {
		return text, b.charge(len(text))
	}

	return arguments[0], b.charge(making * SizeOf(arguments[0]))
}

// chargeText charges for a text, and returns it; how long a list is can be told without looking through it.
func (b *budget) chargeText(arguments ...any) (any, error) {
	text, _ := arguments[0].(string)

	return arguments[0], b.charge(len(text))
}

// matches is the operator of that name. To look for a pattern takes as long as the text and the pattern multiplied.
func (b *budget) matches(arguments ...any) (any, error) {
	if runtime.IsNil(arguments[0]) || runtime.IsNil(arguments[1]) {
		return false, nil
	}

	texts, err := asTexts(arguments)
	if err != nil {
		return nil, err
	}

	found, err := b.pattern(texts[1])
	if err != nil {
		return nil, err
	}

	if err := b.charge(len(texts[0]) * found.steps); err != nil {
		return nil, err
	}

	return found.code.MatchString(texts[0]), nil
}

// pattern compiles a pattern, and keeps it for the next round of a loop.
func (b *budget) pattern(text string) (pattern, error) {
	if known, ok := b.patterns[text]; ok {
		return known, nil
	}

	if len(text) > maxPattern {
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

	// Hardly ever do all instructions look at the same byte. To compile one takes longer than to look at a byte by it.
	const atOnce, compiling = 4, 100

	found := pattern{code: code, steps: 1 + len(instructions.Inst)/atOnce}
	if err := b.charge(compiling * found.steps); err != nil {
		return pattern{}, err
	}

	const kept = 10
	if b.patterns == nil || len(b.patterns) >= kept {
		b.patterns = map[string]pattern{}
	}

	b.patterns[text] = found

	return found, nil
}

func longPattern(text string) error {
	return fmt.Errorf("a pattern has at most %d bytes, this has %d", maxPattern, len(text))
}

// trim is the function of that name. Each character at the ends of the text is looked for among the others.
func (b *budget) trim(arguments ...any) (any, error) {
	texts, err := asTexts(arguments)

	switch {
	case err != nil:
		return nil, err
	case len(texts) == 1:
		return strings.TrimSpace(texts[0]), nil
	case len(texts) > 2: //nolint:mnd // A text, and the characters.
		return nil, errors.New("want a text, and the characters to leave out")
	}

	if err := b.charge(len(texts[0]) * len(texts[1])); err != nil {
		return nil, err
	}

	return strings.Trim(texts[0], texts[1]), nil
}
