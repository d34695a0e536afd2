pool "shop" {
  user = "${USER}"
}
