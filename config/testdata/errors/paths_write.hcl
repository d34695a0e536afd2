pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
  jail {
    read = ["/srv/shop"]
    write = [
      "/var", "/etc/jpm/pools.d", "/run/jpm/x", "/lib64",
      "/srv/shop", "/srv/shop/var", "/srv/shop/var",
    ]
    exec  = ["/srv/shop/var", "/srv/shop/var/bin"]
    umask = "8"
  }
}
