pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "990"
  command = ["/usr/bin/answer"]
}
