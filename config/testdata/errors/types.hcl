include = "pools.d/*.hcl"
log = "info"

pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
    mode    = 0660
    backlog = "16"
  }
  user       = shop
  shared_uid = "yes"
  command    = "/usr/bin/php-cgi"
  env        = ["APP_ENV=production"]

  scripts {
    root       = null
    extensions = [".php", 5, php]
  }
  php {
    ini = {
      memory_limit  = 128
      display_errors = off
      session.name  = "SHOP"
      memory_limit = "128M"
      precision = "14"
      precision = "17"
    }
  }
  jail = {
    read = ["/srv/shop"]
  }
}
