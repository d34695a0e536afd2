status {
  listen = ":9253"
}

pool "shop" {
  listen "/run/jpm/shop.sock" {
  }
  listen "127.0.0.1:9000" {
  }
  listen "unix:run/shop.sock" {
  }
  listen "unix:@shop" {
  }
  listen "unix:/run/jpm/a-name-that-is-much-too-long-for-the-kernel/because-sun_path-has-108-bytes/and-this-is-more/shop.sock" {
  }
  listen "unix:/run/jpm/../shop.sock" {
    mode            = "rw-rw----"
    allowed_clients = ["127.0.0.1"]
  }
  listen "tcp:localhost:9000" {
    allowed_clients = ["localhost", "10.0.0.1/8", "fe80::1%eth0"]
    owner           = "www-data"
    mode            = "0660"
  }
  listen "tcp::9000" {
    allowed_clients = []
  }
  listen "tcp:127.0.0.1:0" {
    allowed_clients = ["127.0.0.1"]
  }
  listen "tcp:192.0.2.1:9000" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
}
pool "wiki" {
  user    = "wiki"
  command = ["/usr/bin/answer"]
}
