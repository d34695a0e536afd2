log {
  level  = "warning"
  format = "xml"
  output = "jpm.log"
}

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  workers {
    mode = "statik"
    max  = 0
  }
  jail {
    network = "bridge"
  }
}
