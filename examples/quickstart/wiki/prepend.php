<?php
// Debian's DokuWiki looks for its configuration in /etc/dokuwiki unless told otherwise.
define('DOKU_CONF', '/var/lib/jpm-quickstart/wiki/conf/');
