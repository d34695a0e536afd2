pool {
}
pool "shop" "old" {
  listen {
  }
  log {
  }
  log {
  }
  workers {
  }
  workers {
    max = 2
  }
}
