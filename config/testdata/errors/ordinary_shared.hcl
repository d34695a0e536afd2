# Read by the user shop, who is not root.
pool "a" {
  listen "unix:/run/user/1001/a.sock" {}
  user    = "shop"
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
  scripts {
    root = "/srv/b"
  }
  jail {
    read = ["/srv/b"]
  }
}
