include = ["none.d/*.hcl"]

log {
  level  = "debug"
  format = "console"
  output = "/var/log/jpm.log"
}
incidents {
  output = "/var/log/jpm-incidents.log"
}
status {
  listen = "unix:/run/jpm/status.sock"
}
proxy {
  user    = "33"
  threads = 2
}

pool "shop.example-1_x" {
  listen "unix:/run/shop.sock" {
    owner   = "www-data"
    group   = "blog"
    mode    = "600"
    backlog = 16
  }
  listen "tcp:[::1]:9000" {
    allowed_clients = ["::1", "10.0.0.0/8"]
  }
  user       = "70000"
  group      = "blog"
  shared_uid = true
  command    = ["/opt/php/bin/php-cgi8.4", "-d", "expose_php=0"]
  env = {
    APP_ENV  = "production"
    GREETING = <<-END
      two
      lines
    END
  }
  scripts {
    root       = "/srv/shop/public"
    extensions = []
  }
  php {
    ini        = { memory_limit = "64M", "session.name" = "a\"b" }
    locked_ini = { "open_basedir" : "/srv/shop" }
  }
  workers {
    mode          = "static"
    max           = 4096
    max_requests  = 0
    start_timeout = "1ms"
    stop_timeout  = "1m30s"
  }
  queue {
    length  = 0
    timeout = "250ms"
  }
  request {
    timeout        = "24h"
    header_timeout = "1m"
    max_params     = "16MiB"
    max_body       = "0"
  }
  recycle {
    denials = 1
    window  = "2h"
    action  = "kill"
  }
  limits {
    files     = 32
    file_size = "0"
    tmp       = "1.5G"
    tmp_files = 5000
    memory    = "256M"
    max_rss   = "192M"
    cpu       = "150%"
    pids      = 32
    io_weight = 50
    enforce   = "best_effort"
    pool {
      memory = "1G"
      cpu    = "400%"
      pids   = 200
    }
  }
  jail {
    read    = ["/srv/shop"]
    write   = ["/srv/shop/public/uploads", "/var/lib/shop"]
    exec    = ["/opt/php"]
    network = "none"
    seccomp = "php"
    umask   = "027"

    create_write = true
    sockets      = ["/run/mysqld/mysqld.sock"]
  }
}

pool "same" {
  listen "tcp:127.0.0.1:9000" {
    allowed_clients = ["127.0.0.1"]
  }
  user       = "70000"
  shared_uid = true
  command    = ["/usr/lib/answer"]
}
