module lab/sealed-secrets

go 1.25.0

require github.com/bitnami-labs/sealed-secrets v0.30.0

