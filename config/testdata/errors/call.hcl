pool "shop" {
  user = file("/etc/shadow")
}
