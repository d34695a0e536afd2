package probes

var refusedRequest = Stops{"403": Supervisor, "400": Supervisor}

// H: FastCGI, from a client and from the site's answers.
var fastcgi = []Probe{
	outside("H01", "have a script outside of the site run", "script-outside", AsUser, refusedRequest),
	outside("H02", "the same by ../", "script-climb", Never, refusedRequest).never("php-cgi and php-fpm refuse .. themselves"),
	outside("H03", "the same by Apache's prefix", "script-prefix", Never, refusedRequest).never("php-fpm takes the prefix off, php-cgi does not"),
	outside("H04", "have an uploaded script run", "script-upload", AsUser, refusedRequest),
	outside("H05", "have a file run that is no script by its name", "script-name", AsUser, refusedRequest),
	outside("H06", "set a PHP setting by PHP_VALUE", "php-value", Never, refusedRequest).never("php-cgi ignores it, php-fpm obeys"),
	outside("H07", "set a locked one by PHP_ADMIN_VALUE", "php-admin-value", Never, refusedRequest).never("php-cgi ignores it, php-fpm obeys"),
	outside("H08", "choose the site's proxy, HTTP_PROXY", "http-proxy", Never, refusedRequest).never("PHP drops it, other workers do not"),
	outside("H09", "give the web server orders, X-Accel-Redirect", "x-accel", AsUser, Stops{Nothing: Supervisor}),
	outside("H10", "connect to the pool's socket as another user", "foreign-client", AsUser, Stops{"EACCES": Supervisor}),
}
