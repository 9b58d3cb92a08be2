// Package xlsx reads and writes tables as sheets of Office Open XML workbooks (ECMA-376), the format of Excel.
//
// excelize writes the files. It does not read them, because its streaming reader (Rows) returns the texts of cells without their
// types and number formats, so that the number 1, the text 1 and a date are the same. Its functions that return types
// (GetCellType, GetCellStyle) load the whole sheet into memory. This package therefore reads the parts of the workbook with
// archive/zip and encoding/xml: the sheet row by row, and the shared strings through a temporary file.
package xlsx
