// Package xlsx reads and writes tables as sheets of Office Open XML workbooks (ECMA-376), as Excel has them.
//
// Writing goes by excelize. Its reader that streams gives the cells' texts without their types, and the one that knows types
// holds the sheet in memory; so reading is done here, over the workbook's own parts.
package xlsx
