package probes

// G: amounts. What they do to others is measured by the test of the neighbours.
var amounts = []Probe{
	php("G01", "fill /tmp", "tmp-fill", AsUser, Stops{"ENOSPC": Limits}),
	native("G02", "make 8192 files in /tmp", "many-files", AsUser, Stops{"ENOSPC": Limits}),
	native("G03", "make a sparse file of 2 TiB", "sparse", AsUser, Stops{"EFBIG": Limits}),
	native("G04", "open 4096 files", "eat-descriptors", AsUser, Stops{"EMFILE": Limits}),
	native("G05", "start 600 threads", "eat-threads", AsUser, Stops{Killed: Limits}).needs(Namespaces),
	outside("G06", "be the last that the kernel kills when memory runs out", "oom", AsUser, Stops{Nothing: Limits}),
	native("G07", "take 1 GiB of memory", "bomb-memory", Never, Stops{Killed: Limits}).limited("it would take it from the machine"),
}
