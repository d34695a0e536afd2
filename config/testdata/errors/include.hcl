include = ["[", "../included/*.hcl", "syntax.hcl"]
