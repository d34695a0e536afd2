# A page that tries to get out. It even gets PHP's foreign function interface, which no site needs: with it the page makes
# any system call it likes, as an attacker would who has broken PHP itself.

pool "lab" {
  listen "unix:/run/jpm-quickstart/lab.sock" {
    owner = "www-data"
    mode  = "0660"
  }
  user    = "jpm-lab"
  command = ["/usr/bin/php-cgi"]

  scripts {
    root = "/var/lib/jpm-quickstart/lab"
  }
  php {
    ini = {
      "ffi.enable"        = "true"
      "session.save_path" = "/tmp"
    }
  }
  workers {
    max = 2
  }
  limits {
    tmp = "16M"
  }
  jail {
    read  = ["/var/lib/jpm-quickstart/lab"]
    write = ["/var/lib/jpm-quickstart/lab/uploads"]
  }
}
