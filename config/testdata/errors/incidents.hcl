incidents {
  output = "incidents.log"
}

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]

  scripts {
    root = "/srv/shop"
  }
  jail {
    read = ["/srv/shop"]
  }
}
