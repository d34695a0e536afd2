pool "" {
  listen "unix:/run/jpm/1.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/answer"]
}
pool "../etc" {
  listen "unix:/run/jpm/2.sock" {
  }
  user    = "wiki"
  command = ["/usr/bin/answer"]
}
pool "blog" {
  listen "unix:/run/jpm/3.sock" {
  }
  user    = "blog"
  command = ["/usr/bin/answer"]
}
pool "blog" {
  listen "unix:/run/jpm/4.sock" {
  }
  user    = "www-data"
  command = ["/usr/bin/answer"]
}
