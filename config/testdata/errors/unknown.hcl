stauts {
}
max_requests = 5
workers {
}

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
    ower = "www-data"
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  memmory = "256M"
  env {
    APP_ENV = "production"
  }
  workers {
    children       = 5
    start_timeoout = "5s"
  }
  jail {
    reads = ["/srv/shop"]
    umask = "0022"
  }
}
