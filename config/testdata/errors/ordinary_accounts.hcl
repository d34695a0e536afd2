# Read by the user shop, who is not root.
proxy {
  user = "jpm"
}

pool "a" {
  listen "unix:/run/user/1001/a.sock" {}
  user    = "wiki"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root = "/srv/a"
  }
  jail {
    read = ["/srv/a"]
  }
}

pool "b" {
  listen "unix:/run/user/1001/b.sock" {}
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  group   = "www-data"
  scripts {
    root = "/srv/b"
  }
  jail {
    read = ["/srv/b"]
  }
}

pool "c" {
  listen "unix:/run/user/1001/c.sock" {
    owner = "www-data"
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  shared_uid = true
  scripts {
    root = "/srv/c"
  }
  jail {
    read = ["/srv/c"]
  }
}

pool "d" {
  listen "unix:/run/user/1001/d.sock" {
    group = "www-data"
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  shared_uid = true
  scripts {
    root = "/srv/d"
  }
  jail {
    read = ["/srv/d"]
  }
}
