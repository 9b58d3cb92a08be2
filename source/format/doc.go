// Package format reads and writes tables as bytes: which codec a file has, how it is compressed and in which encoding its
// text is. The codecs stand below it, one package each.
package format
