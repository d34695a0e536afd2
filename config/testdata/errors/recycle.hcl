pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]

  scripts {
    root = "/srv/shop"
  }
  recycle {
    denials = -1
    window  = 60
    action  = "restart"
  }
  jail {
    read = ["/srv/shop"]
  }
}
