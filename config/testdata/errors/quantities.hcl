pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]

  workers {
    max           = 1.5
    max_requests  = 1e999999999
    start_timeout = 10
    stop_timeout  = "5"
  }
  queue {
    length  = -1
    timeout = "1d"
  }
  request {
    timeout        = "soon"
    header_timeout = "0s"
    max_params     = 64
    max_body       = "64"
  }
  limits {
    files     = true
    file_size = "1e3M"
    tmp       = "9999999T"
  }
}
