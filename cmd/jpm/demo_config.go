package main

import (
	"os"
	"text/template"
)

// demoConfig fills the demo's configuration.
type demoConfig struct {
	Socket, Site, Exec string
	Proxy, User, Owner uint32
	Command            []string
}

var demoTemplate = template.Must(template.New("jpm.hcl").Parse(`log {
  format = "console"
}
proxy {
  user = "{{.Proxy}}"
}
pool "demo" {
  listen "unix:{{.Socket}}" {
    owner = "{{.Owner}}"
    mode  = "0600"
  }
  user    = "{{.User}}"
  command = [{{range .Command}}{{printf "%q" .}}, {{end}}]
  scripts {
    root = "{{.Site}}"
  }
  workers {
    max = 2
  }
  jail {
    read = ["{{.Site}}"]
{{- with .Exec}}
    exec = ["{{.}}"]
{{- end}}
  }
}
`))

func (c *demoConfig) write(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := demoTemplate.Execute(f, c); err != nil {
		return err
	}
	return f.Close()
}
