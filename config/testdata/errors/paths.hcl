pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
  jail {
    read = [
      "/", "/proc", "/sys/fs/cgroup", "/dev/shm", "/etc", "/run", "/var/run/jpm", "/usr", "/tmp",
      "srv/shop", "/srv//shop", "/srv/shop/", "/srv/../etc", "", "/srv/\n",
      "/home", "/etc/ssl", "/usr/share/shop", "/srv/shop",
    ]
  }
}
