package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
)

// maxShown is how many problems an Error shows. More would not be read, and each costs a walk through its file.
const maxShown = 20

// Error says what is wrong with a configuration, problem by problem.
type Error struct {
	diags hcl.Diagnostics
	files map[string]*hcl.File
}

// Error shows each problem with its file, line and snippet, and what would be right. It is several lines long, wrapped for a terminal,
// and free of control characters.
func (e *Error) Error() string {
	var b strings.Builder
	shown := e.diags[:min(len(e.diags), maxShown)]
	// A strings.Builder does not fail.
	_ = hcl.NewDiagnosticTextWriter(&b, e.files, 100, false).WriteDiagnostics(shown)
	if more := len(e.diags) - len(shown); more > 0 {
		fmt.Fprintf(&b, "And %d more.\n", more)
	}
	return strings.TrimRight(strings.Map(printable, b.String()), "\n")
}

// printable keeps what a snippet holds from moving a terminal's cursor or colouring it.
func printable(r rune) rune {
	if r != '\n' && r != '\t' && unicode.IsControl(r) {
		return unicode.ReplacementChar
	}
	return r
}

// sorted puts problems in the order of the text they are about, file by file in the order of the names; those about no text come first.
func sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	start := func(d *hcl.Diagnostic) hcl.Range {
		if d.Subject == nil {
			return hcl.Range{}
		}
		return *d.Subject
	}
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		x, y := start(a), start(b)
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Start.Byte, y.Start.Byte))
	})
	return diags
}

// problem is one thing that is wrong. At is nil where no line is to blame.
func problem(at *hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	if at != nil {
		// A copy: at may be a loop's variable.
		r := *at
		at = &r
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: at}
}

// position writes where a range starts, as file:line.
func position(r hcl.Range) string {
	return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line)
}
