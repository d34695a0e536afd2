# A worker of Perl's FCGI, which does the same as echo.c.
use strict;
use FCGI;

my $request = FCGI::Request();
while ($request->Accept() >= 0) {
    my $query = $ENV{QUERY_STRING} // '';
    print "Content-Type: text/plain\r\n\r\n";
    if ($query =~ /^kib=(\d+)$/) {
        for (1 .. $1) {
            print 'x' x 1024 or last;
        }
        next;
    }
    print STDERR "a complaint\n" if $query eq 'stderr';
    print "$ENV{REQUEST_METHOD} ";
    while (read(STDIN, my $block, 8192)) {
        print $block;
    }
}
