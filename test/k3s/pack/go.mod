module lab/pack

go 1.25.0
