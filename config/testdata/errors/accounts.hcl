proxy {
  user = "0"
}

pool "nobody-made-it" {
  listen "unix:/run/jpm/1.sock" {
    owner = "apache"
    group = "apache"
  }
  user    = "shop2"
  command = ["/usr/bin/answer"]
}
pool "odd-name" {
  listen "unix:/run/jpm/2.sock" {
  }
  user    = "x; rm -rf /"
  command = ["/usr/bin/answer"]
}
pool "root" {
  listen "unix:/run/jpm/3.sock" {
  }
  user    = "root"
  command = ["/usr/bin/answer"]
}
pool "roots-group" {
  listen "unix:/run/jpm/4.sock" {
  }
  user    = "operator"
  command = ["/usr/bin/answer"]
}
pool "no-id" {
  listen "unix:/run/jpm/5.sock" {
  }
  user    = "4294967295"
  group   = "nogroup"
  command = ["/usr/bin/answer"]
}
pool "database" {
  listen "unix:/run/jpm/6.sock" {
    group = "broken"
  }
  user    = "broken"
  command = ["/usr/bin/answer"]
}
pool "empty" {
  listen "unix:/run/jpm/7.sock" {
  }
  user    = ""
  command = ["/usr/bin/answer"]
}
