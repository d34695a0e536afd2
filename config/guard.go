package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxDepth is how deep blocks and brackets may nest. A sound configuration needs 4.
const maxDepth = 128

// guard looks at src before it is parsed. The parser descends recursively, and a stack that overflows ends a Go program for good,
// so nesting is bounded here, by the scanner, which does not recurse. Everything else the parser recurses into (operators, templates,
// calls, parentheses) has no use in a configuration of plain values and is refused by the same look.
// What is merely ill-formed is left to the parser.
func guard(src []byte, name string) hcl.Diagnostics {
	tokens, diags := hclsyntax.LexConfig(src, name, hcl.Pos{Line: 1, Column: 1})
	if diags.HasErrors() {
		// The first alone: a quote that is not closed makes text of code and code of text from there on.
		return diags[:1]
	}
	depth := 0
	var last hclsyntax.TokenType
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			if depth++; depth > maxDepth {
				return hcl.Diagnostics{problem(&token.Range, "Nested too deeply", "Blocks and brackets may nest %d deep.", maxDepth)}
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			// Not below zero: brackets that close nothing must not make room for more that open.
			depth = max(depth-1, 0)
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			return hcl.Diagnostics{problem(&token.Range, "Not a plain value",
				"Values are not computed. To mean the characters themselves, write $${ for ${ and %%%%{ for %%{.")}
		case hclsyntax.TokenMinus:
			if last == hclsyntax.TokenMinus {
				return hcl.Diagnostics{computed(token.Range)}
			}
		case hclsyntax.TokenOParen, hclsyntax.TokenCParen,
			hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPlus, hclsyntax.TokenPercent, hclsyntax.TokenStarStar,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual,
			hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq,
			hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenBang, hclsyntax.TokenQuestion,
			hclsyntax.TokenBitwiseAnd, hclsyntax.TokenBitwiseOr, hclsyntax.TokenBitwiseNot, hclsyntax.TokenBitwiseXor,
			hclsyntax.TokenEllipsis, hclsyntax.TokenFatArrow, hclsyntax.TokenDoubleColon:
			return hcl.Diagnostics{computed(token.Range)}
		}
		last = token.Type
	}
	return nil
}

func computed(at hcl.Range) *hcl.Diagnostic {
	return problem(&at, "Not a plain value",
		"Values are not computed: there are no operators, functions or variables. Write text in double quotes, lists as [...] and maps as {...}.")
}
