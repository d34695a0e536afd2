pool "shop" { # [31mred[0m  c1
}
