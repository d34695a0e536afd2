# DokuWiki, as Debian installs it: code in /usr/share/dokuwiki, defaults in /etc/dokuwiki, plugins and templates in
# /var/lib/dokuwiki/lib. This instance's settings and pages are in /var/lib/jpm-quickstart/wiki.

pool "wiki" {
  listen "unix:/run/jpm-quickstart/wiki.sock" {
    owner = "www-data"
    mode  = "0660"
  }
  user    = "jpm-wiki"
  command = ["/usr/bin/php-cgi"]

  scripts {
    root = "/usr/share/dokuwiki"
  }
  php {
    ini = {
      "auto_prepend_file" = "/var/lib/jpm-quickstart/wiki/conf/prepend.php"
      "session.save_path" = "/tmp"
    }
  }
  workers {
    max = 4
  }
  jail {
    read = [
      "/usr/share/dokuwiki",
      "/etc/dokuwiki",
      "/var/lib/dokuwiki/lib",
      "/var/lib/jpm-quickstart/wiki/conf",
    ]
    write = ["/var/lib/jpm-quickstart/wiki/data"]
  }
}
