status {
  listen = "unix:/run/status.sock"
}
pool "shop" {
  listen "unix:/run/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
  jail {
    read  = ["/srv/shop"]
    write = ["/srv/shop/var"]
    sockets = [
      "/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "run/redis.sock", "@redis", "/",
      "/run/shop.sock", "/var/run/status.sock", "/run/jpm/other.sock", "/proc/self/fd/3",
      "/var/run/docker.sock", "/run/systemd/private", "/tmp/mysql.sock", "/usr/lib/redis.sock",
      "/srv/shop/redis.sock", "/srv/shop/var/redis.sock",
      "/srv/a-very-long-directory-name-that-goes-on-and-on/and-on-and-on/until-no-socket-fits-in-it-any-more/redis.sock",
    ]
  }
}
