pool "none" {
  listen "unix:/run/jpm/1.sock" {
  }
  user    = "shop"
  command = []
}
pool "relative" {
  listen "unix:/run/jpm/2.sock" {
  }
  user    = "wiki"
  command = ["php-cgi"]
}
pool "outside" {
  listen "unix:/run/jpm/3.sock" {
  }
  user    = "blog"
  command = ["/opt/answer/bin/answer"]
  env = {
    "a-b"                 = "1"
    PHP_FCGI_CHILDREN     = "4"
    PHP_FCGI_MAX_REQUESTS = "0"
    FCGI_WEB_SERVER_ADDRS = "127.0.0.1"
    PHP_INI_SCAN_DIR      = "/etc/php"
    NUL                   = "a\u0000b"
  }
  php {
    ini = { memory_limit = "128M" }
  }
}
pool "nul" {
  listen "unix:/run/jpm/4.sock" {
  }
  user    = "2000"
  command = ["/usr/bin/answer", "\u0000"]
}
pool "php" {
  listen "unix:/run/jpm/5.sock" {
  }
  user    = "2001"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root = "/srv/shop"
  }
  php {
    ini = {
      "memory limit"      = "1"
      "[HOST=x]"          = "1"
      "auto_prepend_file" = "a\nb"
      precision           = "14"
      "session.name"      = "'$"
    }
    locked_ini = { precision = "14" }
  }
  jail {
    read = ["/srv/shop"]
  }
}
