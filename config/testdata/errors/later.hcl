control {
  socket = "/run/jpm/control.sock"
}
status {
  listen    = "127.0.0.1:9253"
  fpm_path  = "/fpm"
  ping_path = "/ping"
}

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]

  workers {
    mode     = "dynamic"
    min_idle = 2
    max_age  = "1h"
  }
  queue {
    per_client = 5
  }
  request {
    slow         = "3s"
    idle_timeout = "10s"
  }
  jail {
    scope = "pool"
  }
}
