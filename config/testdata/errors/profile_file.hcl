pool "shop" {
  listen "unix:/run/jpm/shop.sock" {
  }
  user    = "70000"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "/nonexistent/shop.seccomp"
  }
}

pool "blog" {
  listen "unix:/run/jpm/blog.sock" {
  }
  user    = "70001"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "/dev/null"
  }
}
