include = ["more.d/*.hcl"]

log {
  level = "debug"
}
