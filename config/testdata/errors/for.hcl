pool "shop" {
  command = [for x in ["/usr/bin/php-cgi"] : x]
  env     = { for x in ["a"] : x => x }
}
