pool "shop" {
  workers {
    max = 2 * 4
  }
}
