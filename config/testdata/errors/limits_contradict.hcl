pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]

  limits {
    memory  = "128M"
    max_rss = "129M"
    cpu     = "200%"
    pids    = 64
    pool {
      memory = "127M"
      cpu    = "100%"
      pids   = 32
    }
  }
}

pool "blog" {
  listen "unix:/run/jpm/blog.sock" {
  }
  user    = "blog"
  command = ["/usr/bin/answer"]

  limits {
    memory = "1M"
    pids   = 15
    pool {
      memory = "15M"
      pids   = 15
    }
  }
}
