# /etc/jpm/jpm.hcl: two sites behind one nginx, each with an account, a jail and workers of its own.

log {
  level = "info"
}

status {
  listen = "127.0.0.1:9253"
}

include = ["pools.d/*.hcl"]

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
    owner = "www-data" # nginx's account
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  env     = { APP_ENV = "production" }

  scripts {
    root = "/srv/shop/public"
  }
  php {
    ini        = { memory_limit = "128M" }
    locked_ini = { "session.save_path" = "/srv/shop/var/sessions" }
  }
  workers {
    max          = 8
    max_requests = 500
  }
  request {
    timeout  = "30s"
    max_body = "64M"
  }
  jail {
    read  = ["/srv/shop"]
    write = ["/srv/shop/var", "/srv/shop/public/uploads"]
  }
}

pool "wiki" {
  listen "tcp:127.0.0.1:9001" {
    allowed_clients = ["127.0.0.1"]
  }
  user    = "wiki"
  command = ["/usr/bin/php-cgi"]

  scripts {
    root = "/srv/wiki"
  }
  jail {
    read  = ["/srv/wiki"]
    write = ["/srv/wiki/data"]
  }
}
