status {
  listen = "127.0.0.1:9001"
}

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  listen "tcp:127.0.0.1:9001" {
    allowed_clients = ["127.0.0.1"]
  }
  listen "tcp:[::1]:9001" {
    allowed_clients = ["::1"]
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
}
pool "wiki" {
  listen "unix:/run/jpm/shop.sock" {
  }
  listen "tcp:0.0.0.0:9001" {
    allowed_clients = ["127.0.0.1"]
  }
  listen "tcp:[::]:9001" {
    allowed_clients = ["::1"]
  }
  user    = "wiki"
  command = ["/usr/bin/answer"]
}
