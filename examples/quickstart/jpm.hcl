# The quickstart's configuration. Every field: jpm help config.

log {
  format = "console"
}

status {
  listen = "127.0.0.1:9253"
}

include = ["pools.d/*.hcl"]
