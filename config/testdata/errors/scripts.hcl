pool "written" {
  listen "unix:/run/jpm/1.sock" {
  }
  user    = "shop"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root       = "/srv/shop/public"
    extensions = ["php", ".ph/p", ".php"]
  }
  jail {
    read  = ["/srv/shop"]
    write = ["/srv/shop/public"]
  }
}
pool "unseen" {
  listen "unix:/run/jpm/2.sock" {
  }
  user    = "wiki"
  command = ["/usr/bin/php-cgi8.2"]
  scripts {
    root = "/srv/wiki"
  }
  jail {
    read = ["/srv/wiki2"]
  }
}
pool "nowhere" {
  listen "unix:/run/jpm/3.sock" {
  }
  user    = "blog"
  command = ["/usr/bin/php-cgi"]
}
pool "unwritable" {
  listen "unix:/run/jpm/4.sock" {
  }
  user    = "www-data"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root = "/srv/[shop]"
  }
  jail {
    read = ["/srv"]
  }
}
pool "relative" {
  listen "unix:/run/jpm/5.sock" {
  }
  user    = "2000"
  command = ["/usr/bin/php-cgi"]
  scripts {
    root = "public"
  }
}
