pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]

  limits {
    memory    = "1M"
    cpu       = 50
    pids      = 15
    io_weight = 1001
    enforce   = "maybe"
    pool {
      memory = 128
      cpu    = "half"
    }
  }
}
