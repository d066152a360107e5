module counter-app

go 1.25.0
