// Package deletion deletes what ended jobs have left: their results, their records in the ledgers of sources, and the histories
// of their workflows in Temporal. The workflow DeleteJob calls its activities; each of them can be repeated, also after it was
// killed.
package deletion
