package jail

// runtimePaths is the read-only runtime: what programs from the distribution need, and nothing that belongs to a site or to
// the host's administration. What does not exist on the host is left out. The list is here and nowhere else.
var runtimePaths = []struct {
	path string
	exec bool
	why  string
}{
	{"/usr", true, "programs, libraries, locale, time zones, fonts"},
	{"/bin", true, "a link into /usr on merged systems; scripts name /bin/sh"},
	{"/sbin", true, "as /bin"},
	{"/lib", true, "as /bin; the dynamic loader of some architectures"},
	{"/lib64", true, "as /bin; the dynamic loader of amd64"},
	{"/etc/alternatives", false, "php-cgi itself, and libblas, liblapack, convert are links through it"},
	{"/etc/ld.so.cache", false, "the dynamic loader finds libraries outside its default path by it"},
	{"/etc/php", false, "php.ini and the configuration of extensions"},
	{"/etc/php.ini", false, "as /etc/php on other distributions"},
	{"/etc/php.d", false, "as /etc/php on other distributions"},
	{"/etc/ssl/certs", false, "certificate authorities; no private keys are in it"},
	{"/etc/ca-certificates", false, "as /etc/ssl/certs on other distributions"},
	{"/etc/pki/tls/certs", false, "as /etc/ssl/certs on other distributions"},
	{"/etc/pki/ca-trust/extracted", false, "where the former leads to"},
	{"/etc/ssl/openssl.cnf", false, "PHP makes no key and no request for a certificate without it"},
	{"/etc/services", false, "ports by name, for getservbyname"},
	{"/etc/protocols", false, "protocols by name, for getprotobyname"},
	{"/etc/localtime", false, "the host's time zone"},
	{"/etc/timezone", false, "its name"},
	{"/etc/mime.types", false, "file types by ending"},
	{"/etc/fonts", false, "fontconfig, for programs that draw text"},
	{"/var/cache/fontconfig", false, "without it fontconfig looks through all fonts again in each process"},
	{"/etc/ImageMagick-6", false, "its policy limits what the imagick extension does"},
	{"/etc/ImageMagick-7", false, "as /etc/ImageMagick-6"},
}

// libraryPaths are the parts of the runtime whose files programs load. They must be executable for that, because to a mount loading
// code and starting a program are the same.
var libraryPaths = []string{"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/usr/local/lib64"}

// loaderPaths are where programs of the architectures that jpm runs on name their loader: glibc's and musl's.
var loaderPaths = []string{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"}

// devices are the nodes in /dev, with the numbers they must have: a wrong node under the right name is how a jail was left
// before (CVE-2025-31133).
var devices = []struct {
	path         string
	major, minor uint32
}{
	{"/dev/null", 1, 3},
	{"/dev/zero", 1, 5},
	{"/dev/full", 1, 7},
	{"/dev/random", 1, 8},
	{"/dev/urandom", 1, 9},
}
