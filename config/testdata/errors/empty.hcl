include = ["pools.d/*.hcl"]
