#include "textflag.h"

// func call32(nr uint32) int32
// The system call of the 32 bit ABI.
TEXT ·call32(SB), NOSPLIT, $0-12
	MOVL nr+0(FP), AX
	INT  $0x80
	MOVL AX, ret+8(FP)
	RET
