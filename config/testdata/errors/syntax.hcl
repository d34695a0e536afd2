pool "shop" {
  user = "shop
  command = ["/usr/bin/php-cgi"]
}
