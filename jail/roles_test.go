package jail

func runRole(string) int { return 2 }
