#!/bin/sh
# A CGI program for fcgiwrap, which does the same as echo.c, but reads all of its input first: fcgiwrap reads no output before.
input=$(cat && echo .)
printf 'Content-Type: text/plain\r\n\r\n'
case $QUERY_STRING in
kib=*)
	head -c "$((${QUERY_STRING#kib=} * 1024))" /dev/zero | tr '\0' x
	exit
	;;
stderr) echo 'a complaint' >&2 ;;
esac
printf '%s %s' "$REQUEST_METHOD" "${input%.}"
