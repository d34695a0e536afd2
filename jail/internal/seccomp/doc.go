// Package seccomp turns a profile, a reviewed text, into a BPF program for seccomp(2).
//
// A profile is a list of sections. A section's heading is a verdict; the lines below it name the system calls that get it.
//
//	default EPERM
//	exec once
//
//	[allow]
//	read write close
//	ioctl   arg1 in TCGETS FIONREAD
//	socket  arg0 in AF_UNIX AF_INET, arg1 & 0xff in SOCK_STREAM
//	prlimit64 arg0 in 0, arg2 null
//
//	[allow amd64]
//	open stat
//
//	[errno ENOSYS]
//	clone3
//
//	[deny EPERM]
//	sethostname
//
//	[kill]
//	ptrace
//
//	include tripwires
//
// A denied call fails with the error that is named, and who listens to the filter hears of it. "errno" makes a call fail that honest
// programs try, and nobody hears of that. The default is a denial too.
//
// A line is a list of names, or one name and the conditions on its arguments, all of which must hold. Several lines with one
// name are alternatives. Sections are tried from the top and the first that matches counts; what matches nowhere gets the default.
// Deciding a call twice is an error, except that an included file does not override what stands before it; the same goes for
// the default and for exec.
//
// "in" compares the low 32 bits of an argument, because the kernel looks at no more of an int (comparing all 64 let
// CVE-2019-10063 through); "& MASK" is applied before. "null" compares all 64 with zero.
// A name that the architecture does not have is an error unless the section is for one architecture.
//
// "exec once", which holds if nothing is said, means that execve, though allowed, passes for the worker's own start alone. "exec listed" means
// that it may run further programs: package jail then leaves only those of the configuration executable. Neither is decided by
// the program that Compile makes.
//
// Whatever the profile says: a call of a foreign architecture and, on amd64, a number of the x32 table kill the process,
// and a number above the newest one in the table is ENOSYS, so that a C library that tries a new call falls back.
// No profile may allow what is in the one called tripwires, nor make namespaces, nor use rare socket families: see lint.go.
package seccomp

//go:generate go run gen.go
