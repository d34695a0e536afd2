pool "unknown" {
  listen "unix:/run/jpm/unknown.sock" {
  }
  user    = "shop"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "generik"
  }
}

pool "relative" {
  listen "unix:/run/jpm/relative.sock" {
  }
  user    = "blog"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "my.seccomp"
  }
}

pool "no-programs" {
  listen "unix:/run/jpm/no-programs.sock" {
  }
  user    = "70000"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "php-exec"
  }
}

pool "replaceable" {
  listen "unix:/run/jpm/replaceable.sock" {
  }
  user    = "70001"
  command = ["/usr/lib/worker"]
  jail {
    write   = ["/srv/replaceable"]
    seccomp = "/srv/replaceable/my.seccomp"
  }
}

pool "unclean" {
  listen "unix:/run/jpm/unclean.sock" {
  }
  user    = "70002"
  command = ["/usr/lib/worker"]
  jail {
    seccomp = "/etc//my.seccomp"
  }
}
