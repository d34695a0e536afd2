log {
  output = "/srv/shop/var/jpm.log"
}
status {
  listen = "unix:/srv/shop/var/status.sock"
}
pool "shop" {
  listen "unix:/srv/shop/var/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
  jail {
    write = ["/srv/shop/var"]
  }
}
pool "wiki" {
  listen "unix:/run/jpm/wiki.sock" {
  }
  user    = "wiki"
  command = ["/srv/shop/var/bin/answer"]
  jail {
    exec = ["/srv/shop/var/bin"]
  }
}
