package jobservice

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/temporalio/sqlparser"

	"github.com/jobwright/jobwright/job"
)

// maxQuery is the length of a query of Temporal's visibility, in bytes.
const maxQuery = 2000

// queryPrefix makes a statement of a query, as Temporal does: its parser accepts only complete statements.
const queryPrefix = "select * from jobs where "

// restriction returns the expression of a caller's query of Temporal's visibility, in parentheses. It is built anew from the
// parsed query, with the comparisons that both kinds of visibility have, so that it only narrows an expression to which it is
// added by AND: it has no comments, no open parentheses and no other clauses.
func restriction(query string) (string, error) {
	switch {
	case len(query) > maxQuery:
		return "", Invalid("query has %d bytes, and %d is the most", len(query), maxQuery)
	case !utf8.ValidString(query), strings.ContainsFunc(query, isUnprintable):
		return "", Invalid("query contains characters that don't print")
	}

	statement, err := sqlparser.Parse(queryPrefix + query)
	if err != nil {
		return "", Invalid("query is not a condition such as JobwrightScenario = \"Load\" AND HistoryLength > 100: %s",
			withoutPrefix(err))
	}

	selected, isSelect := statement.(*sqlparser.Select)
	if !isSelect || selected.Where == nil {
		return "", Invalid("query must be a single condition")
	}

	if selected.GroupBy != nil || selected.Having != nil || selected.OrderBy != nil || selected.Limit != nil ||
		selected.Lock != "" {
		return "", Invalid("query must be a condition without ORDER BY, GROUP BY, LIMIT and other clauses")
	}

	if err := checkCondition(selected.Where.Expr); err != nil {
		return "", err
	}

	return "(" + sqlparser.String(selected.Where.Expr) + ")", nil
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }

// withoutPrefix returns the error of the parser with the position within the query.
func withoutPrefix(err error) string {
	text := err.Error()

	var position int
	if _, scanErr := fmt.Sscanf(text, "syntax error at position %d", &position); scanErr != nil {
		return text
	}

	return strings.Replace(text, fmt.Sprint(position), fmt.Sprint(max(1, position-len(queryPrefix))), 1)
}

// The operators of comparisons that queries may have.
var comparisons = []string{
	sqlparser.EqualStr, sqlparser.NotEqualStr, sqlparser.LessThanStr, sqlparser.LessEqualStr, sqlparser.GreaterThanStr,
	sqlparser.GreaterEqualStr, sqlparser.InStr, sqlparser.NotInStr, sqlparser.StartsWithStr, sqlparser.NotStartsWithStr,
}

// checkCondition returns an error unless the expression consists of comparisons of search attributes with values.
func checkCondition(expression sqlparser.Expr) error {
	switch e := expression.(type) {
	case *sqlparser.ParenExpr:
		return checkCondition(e.Expr)
	case *sqlparser.NotExpr:
		return checkCondition(e.Expr)
	case *sqlparser.AndExpr:
		return checkConditions(e.Left, e.Right)
	case *sqlparser.OrExpr:
		return checkConditions(e.Left, e.Right)
	case *sqlparser.ComparisonExpr:
		if !slices.Contains(comparisons, e.Operator) || e.Escape != nil {
			return Invalid("query has the operator %s; the operators are %s", e.Operator, strings.Join(comparisons, ", "))
		}

		return checkComparison(e.Left, e.Right)
	case *sqlparser.RangeCond:
		return checkComparison(e.Left, e.From, e.To)
	case *sqlparser.IsExpr:
		if e.Operator != sqlparser.IsNullStr && e.Operator != sqlparser.IsNotNullStr {
			return Invalid("query has the operator %s; compare with = instead", e.Operator)
		}

		return checkComparison(e.Expr)
	default:
		return Invalid("query must compare search attributes with values, unlike %s", sqlparser.String(expression))
	}
}

// checkConditions checks both sides of an AND or OR.
func checkConditions(left, right sqlparser.Expr) error {
	if err := checkCondition(left); err != nil {
		return err
	}

	return checkCondition(right)
}

// divisions is the search attribute that separates workflows of Temporal's own. Temporal hides them from queries that don't
// name it.
const divisions = "TemporalNamespaceDivision"

// checkComparison checks a search attribute and the values that it is compared with.
func checkComparison(attribute sqlparser.Expr, values ...sqlparser.Expr) error {
	column, isColumn := attribute.(*sqlparser.ColName)
	if !isColumn || !column.Qualifier.IsEmpty() {
		return Invalid("query must compare a search attribute, not %s", sqlparser.String(attribute))
	}

	if strings.EqualFold(column.Name.String(), divisions) {
		return Invalid("query can't use %s", divisions)
	}

	for _, value := range values {
		if column.Name.String() == job.LabelsAttribute.GetName() && hasLabelQuote(value) {
			return Invalid("query compares labels with a text that has a double quote, by which not all databases of Temporal " +
				"can search")
		}

		if !isValue(value) {
			return Invalid("query compares %s with %s, which is not a value; put texts into quotes",
				sqlparser.String(attribute), sqlparser.String(value))
		}
	}

	return nil
}

// hasLabelQuote reports whether a value has a [labelQuote].
func hasLabelQuote(value sqlparser.Expr) bool {
	switch e := value.(type) {
	case *sqlparser.SQLVal:
		return strings.Contains(string(e.Val), labelQuote)
	case sqlparser.ValTuple:
		return slices.ContainsFunc(e, hasLabelQuote)
	default:
		return false
	}
}

// isValue reports whether an expression is a text, a number, a boolean, or a list of these.
func isValue(expression sqlparser.Expr) bool {
	switch e := expression.(type) {
	case *sqlparser.SQLVal:
		return e.Type == sqlparser.StrVal || e.Type == sqlparser.IntVal || e.Type == sqlparser.FloatVal
	case sqlparser.BoolVal:
		return true
	case *sqlparser.UnaryExpr:
		number, ok := e.Expr.(*sqlparser.SQLVal)

		return ok && number.Type != sqlparser.StrVal && isValue(number) && e.Operator == sqlparser.UMinusStr
	case sqlparser.ValTuple:
		return !slices.ContainsFunc(e, func(entry sqlparser.Expr) bool { return !isValue(entry) })
	default:
		return false
	}
}

// quoted returns a text as a value of a query.
func quoted(text string) string { return sqlparser.String(sqlparser.NewStrVal([]byte(text))) }

// quotedTime returns a time as a value of a query.
func quotedTime(at time.Time) string { return quoted(at.UTC().Format(time.RFC3339Nano)) }

// equals returns the comparison of a search attribute with a text.
func equals(attribute, text string) string { return attribute + " = " + quoted(text) }

// differs returns the opposite of [equals].
func differs(attribute, text string) string { return attribute + " != " + quoted(text) }

// oneOf returns the comparison of a search attribute with several texts, at least one.
func oneOf(attribute string, texts []string) string {
	values := make([]string, len(texts))
	for i, text := range texts {
		values[i] = quoted(text)
	}

	return attribute + " IN (" + strings.Join(values, ", ") + ")"
}
