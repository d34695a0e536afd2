pool "one" {
  listen "unix:/run/jpm/1.sock" {
  }
  user       = "shop"
  shared_uid = true
  command    = ["/usr/bin/answer"]
}
pool "two" {
  listen "unix:/run/jpm/2.sock" {
  }
  user    = "1001"
  command = ["/usr/bin/answer"]
}
pool "proxys" {
  listen "unix:/run/jpm/3.sock" {
  }
  user    = "jpm"
  command = ["/usr/bin/answer"]
}
